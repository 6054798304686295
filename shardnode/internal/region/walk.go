package region

import "runtime"

// walk goes over all entries that have not ended, for one goroutine. No lock is held
// between two steps, and within one only for some slots, as when sweeping. An entry
// keeps its slot for as long as it is there: one that stays is visited exactly once.
type walk struct {
	region *Region
	list   []*hosted
	shard  int
	slot   int
}

func (r *Region) walk() walk { return walk{region: r, list: r.hosting.Load().list} }

// done tells whether all has been visited.
func (w *walk) done() bool { return w.shard == len(w.list) }

// step visits some slots of one shard, and returns that. busy: the entry's actor is
// running, and only the key and the lengths of the block may be looked at. The
// shard's lock is held during visit.
func (w *walk) step(visit func(s *slot, busy bool)) *hosted {
	runtime.Gosched() // commands go first
	h := w.list[w.shard]
	if w.slot = w.some(h, visit); w.slot == 0 {
		w.shard++
	}
	return h
}

// some returns the next slot to visit; 0 if that was all.
func (w *walk) some(h *hosted, visit func(s *slot, busy bool)) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := w.region.now()
	h.passTime(now)
	from := max(w.slot, 1)
	to := min(from+sweepAtOnce, len(h.table.slots))
	for ref := uint32(from); ref < uint32(to); ref++ {
		switch s := &h.table.slots[ref]; {
		case s.data == nil:
		case h.holds(ref):
			visit(s, true)
		case !h.ended(s, now):
			visit(s, false)
		}
	}
	if to < len(h.table.slots) {
		return to
	}
	return 0
}
