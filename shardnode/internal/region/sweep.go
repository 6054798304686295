package region

import (
	"context"
	"time"
)

// The sweeper takes out entries that have ended and that nobody asks for. It is
// for memory only: an ended entry is a miss, swept or not.
const (
	// sweepPeriod is the pause after a round over all shards.
	sweepPeriod = time.Second
	// sweepSlice and sweepPause bound what sweeping costs: 1 ms in 20.
	sweepSlice = time.Millisecond
	sweepPause = 19 * time.Millisecond
	// sweepAtOnce is how many slots are looked at under one hold of the lock.
	sweepAtOnce = 64
)

// Run sweeps, and evicts what is above a lowered memory limit, until ctx ends.
func (r *Region) Run(ctx context.Context) {
	timer := time.NewTimer(sweepPeriod)
	defer timer.Stop()
	var s sweep
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-r.lowered:
		}
		timer.Reset(r.slice(&s))
	}
}

// sweep is how far a round has come.
type sweep struct {
	list  []*hosted // of this round
	shard int
	slot  int
}

// sweep works for one slice and returns the pause to the next.
func (r *Region) sweep(s *sweep) time.Duration {
	end := r.opts.Now().Add(sweepSlice)
	if s.shard == len(s.list) {
		*s = sweep{list: r.hosting.Load().list}
	}
	for s.shard < len(s.list) {
		if s.slot = r.sweepSome(s.list[s.shard], s.slot); s.slot == 0 {
			s.shard++
		}
		if !r.opts.Now().Before(end) {
			return sweepPause
		}
	}
	return sweepPeriod
}

// sweepSome looks at some slots of a shard, and returns the next one to look at; 0
// if that was all.
func (r *Region) sweepSome(h *hosted, from int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := r.now()
	h.passTime(now)
	if h.closed || h.table.expiring == 0 && h.swept == h.generation {
		return 0
	}
	if from == 0 {
		h.sweeping = h.generation
	}
	to := min(max(from, 1)+sweepAtOnce, len(h.table.slots))
	r.budget.give(h.sweep(max(from, 1), to, now))
	if to < len(h.table.slots) {
		return to
	}
	h.swept = h.sweeping
	return 0
}

// sweep takes out what has ended in slots[from:to] and returns the bytes freed.
func (h *hosted) sweep(from, to int, now int64) (freed int64) {
	for ref := uint32(from); ref < uint32(to); ref++ {
		s := &h.table.slots[ref]
		if s.data == nil {
			continue
		}
		h.counts[CrawlerItemsChecked]++
		if h.holds(ref) || !h.ended(s, now) {
			continue
		}
		h.counts[CrawlerReclaimed]++
		h.countUnfetched(s, ExpiredUnfetched)
		freed += h.drop(ref)
	}
	return freed
}
