package region

import "sync/atomic"

// budget is the memory that all entries of the node share. Any shard may use all
// of it; who wants more than is left has to evict first (evict.go).
//
// Under a limit that was lowered, ceiling is what holds: it comes down with the
// memory that is freed in the background, so that no command has to free more than
// it needs itself (shrink.go).
type budget struct {
	limit   atomic.Int64 // what was asked for
	ceiling atomic.Int64 // no less than limit
	used    atomic.Int64
}

// set changes the limit.
func (b *budget) set(limit int64) {
	b.limit.Store(limit)
	b.settle()
}

// settle brings the ceiling as far down as what is used allows.
func (b *budget) settle() { b.ceiling.Store(max(b.limit.Load(), b.used.Load())) }

// lowering tells whether the limit does not hold yet.
func (b *budget) lowering() bool { return b.ceiling.Load() > b.limit.Load() }

// over is how many bytes more than the limit are used.
func (b *budget) over() int64 { return b.used.Load() - b.limit.Load() }

// take takes n bytes if they are left. n may be negative: that always succeeds.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.ceiling.Load() && n > 0 {
		b.used.Add(-n)
		return false
	}
	return true
}

// give gives n bytes back.
func (b *budget) give(n int64) { b.used.Add(-n) }
