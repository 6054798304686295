package region

import "sync/atomic"

// budget is the memory that all entries of the node share. Any shard may use all
// of it; who wants more than is left has to evict first (evict.go).
type budget struct {
	limit int64
	used  atomic.Int64
}

// take takes n bytes if they are left. n may be negative: that always succeeds.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit && n > 0 {
		b.used.Add(-n)
		return false
	}
	return true
}

// give gives n bytes back.
func (b *budget) give(n int64) { b.used.Add(-n) }
