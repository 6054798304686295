package region

import (
	"fmt"
	"time"
)

// SetMemoryLimit changes Options.Memory, in bytes. What is above a lower limit is
// evicted by Run, in slices; until then commands evict only what they need themselves.
// With Options.NoEviction it stays, and stores are refused until enough of it has gone.
// ErrMemory is a limit in which the largest item does not fit.
func (r *Region) SetMemoryLimit(bytes int64) error {
	if bytes < int64(r.opts.MaxItem) {
		return fmt.Errorf("%w: %d bytes; the largest item has %d", ErrMemory, bytes, r.opts.MaxItem)
	}
	r.budget.set(bytes)
	select {
	case r.lowered <- struct{}{}:
	default:
	}
	r.opts.Log.Info().Int64("bytes", bytes).Msg("memory limit changed")
	return nil
}

// shrink evicts for one slice what is above the limit, and tells whether more is left.
func (r *Region) shrink() bool {
	if !r.budget.lowering() {
		return false
	}
	if r.opts.NoEviction {
		r.budget.settle()
		return false
	}
	end := r.opts.Now().Add(sweepSlice)
	now := r.now()
	for r.budget.over() > 0 {
		all := r.hosting.Load().list
		if len(all) == 0 {
			break
		}
		share := r.budget.limit.Load() / int64(len(all))
		if !r.evictFrom(r.richest(all, share), r.budget.over(), now) {
			break // all of it belongs to running actors: later
		}
		if !r.opts.Now().Before(end) {
			break
		}
	}
	r.budget.settle()
	return r.budget.over() > 0
}

// slice does the work of one slice, and returns the pause to the next.
func (r *Region) slice(s *sweep) time.Duration {
	if r.shrink() {
		return sweepPause
	}
	return r.sweep(s)
}
