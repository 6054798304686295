package region

import "github.com/memactor/memactor/shardnode/internal/entry"

// Eviction: the memory limit is one for the node, and each shard evicts for
// itself. A shard that needs memory evicts from itself if it has at least its share
// (limit / shards), else from one that has. So the limit holds, and is used
// fully, when all the load goes to few shards as well.
//
// With Options.NoEviction only what has ended gives way.

const (
	// evictAtOnce bounds how many entries go under one hold of a shard's lock.
	evictAtOnce = 128
	// evictTries is how many shards in a row may have nothing to evict.
	evictTries = 16
	// activeSeconds is how recent an access makes an evicted entry "active".
	activeSeconds = 60
)

// reserve takes n bytes from the budget, evicting as much as that needs. No lock
// is held.
func (r *Region) reserve(n int64, own *hosted, now int64) bool {
	for tries := 0; !r.budget.take(n); {
		if r.evict(n, own, now) {
			tries = 0
			continue
		}
		if tries++; tries == evictTries {
			return false
		}
	}
	return true
}

// evict frees up to n bytes from one shard; false if that had nothing to free.
func (r *Region) evict(n int64, own *hosted, now int64) bool {
	all := r.hosting.Load().list
	if len(all) == 0 {
		return false
	}
	share := r.budget.limit.Load() / int64(len(all))
	if own.bytes.Load() >= share && r.evictFrom(own, n, now) {
		return true
	}
	return r.evictFrom(r.richest(all, share), n, now)
}

// richest is the next shard that has its share of the memory; if none has, the one
// that has most. It goes round, so that each call finds another one.
func (r *Region) richest(all []*hosted, share int64) *hosted {
	at := int(r.cursor.Add(1))
	best := all[at%len(all)]
	for i := range all {
		h := all[(at+i)%len(all)]
		has := h.bytes.Load()
		if has >= share {
			r.cursor.Add(uint32(i))
			return h
		}
		if has > best.bytes.Load() {
			best = h
		}
	}
	return best
}

func (r *Region) evictFrom(h *hosted, n, now int64) bool {
	freed := h.evict(r, n, now)
	r.budget.give(freed)
	return freed > 0
}

// evict takes entries out until n bytes are freed, and returns how many were. The
// entries of running actors stay.
func (h *hosted) evict(r *Region, n, now int64) (freed int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passTime(now)
	for range evictAtOnce + len(h.running) {
		ref := h.table.policy.victim()
		if ref == 0 || freed >= n {
			break
		}
		if h.holds(ref) {
			h.table.policy.used(ref)
			continue
		}
		if r.opts.NoEviction && !h.ended(&h.table.slots[ref], now) {
			break
		}
		freed += h.expel(r, ref, now)
	}
	return freed
}

// expel takes one entry out and counts it as evicted, or as reclaimed if it had
// ended anyway.
func (h *hosted) expel(r *Region, ref uint32, now int64) int64 {
	s := &h.table.slots[ref]
	switch {
	case h.ended(s, now):
		h.counts[Reclaimed]++
		h.countUnfetched(s, ExpiredUnfetched)
	default:
		r.reportEviction(s, now)
		h.counts[Evictions]++
		h.countUnfetched(s, EvictedUnfetched)
		if int64(s.data.accessed())+activeSeconds >= now {
			h.counts[EvictedActive]++
		}
	}
	return h.drop(ref)
}

func (h *hosted) countUnfetched(s *slot, c Counter) {
	if !s.data.fetched() {
		h.counts[c]++
	}
}

// drop takes an entry out and returns the bytes that it had cost.
func (h *hosted) drop(ref uint32) int64 {
	cost := h.table.slots[ref].data.cost()
	h.table.remove(ref)
	h.bytes.Store(h.table.bytes)
	return cost
}

// ended tells whether the slot's entry has expired or was flushed.
func (h *hosted) ended(s *slot, now int64) bool {
	e := entry.Entry{Expires: s.expires}
	return e.Expired(now) || s.data.generation() != h.generation
}
