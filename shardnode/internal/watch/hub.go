package watch

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// maxWatchers is how many may watch at once, as in memcached.
const maxWatchers = 20

// ErrTooMany is a watcher above the limit.
var ErrTooMany = errors.New("too many watchers")

// Hub knows the watchers. The zero Hub has none.
type Hub struct {
	wanted   atomic.Uint32              // the Kinds of all watchers
	watchers atomic.Pointer[[]*Watcher] // never changed, only replaced

	mu sync.Mutex // serialises changes

	written, skipped atomic.Uint64
}

// Wants tells whether anybody watches one of these kinds.
func (h *Hub) Wants(k Kinds) bool { return Kinds(h.wanted.Load())&k != 0 }

// Publish hands e to all that watch its kind. It never waits; e is copied.
func (h *Hub) Publish(e *Event) {
	all := h.watchers.Load()
	if all == nil {
		return
	}
	for _, w := range *all {
		if w.kinds&Kind(e.Kind) == 0 {
			continue
		}
		if w.put(e) {
			h.written.Add(1)
		} else {
			h.skipped.Add(1)
		}
	}
}

// Watch adds a watcher, to be closed by its user.
func (h *Hub) Watch(k Kinds) (*Watcher, error) {
	w := &Watcher{hub: h, kinds: k, some: make(chan struct{}, 1)}
	err := ErrTooMany
	h.change(func(all []*Watcher) []*Watcher {
		if len(all) == maxWatchers {
			return all
		}
		err = nil
		return append(slices.Clone(all), w)
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (h *Hub) change(f func([]*Watcher) []*Watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*Watcher
	if now := h.watchers.Load(); now != nil {
		all = *now
	}
	all = f(all)
	h.watchers.Store(&all)
	var wanted Kinds
	for _, w := range all {
		wanted |= w.kinds
	}
	h.wanted.Store(uint32(wanted))
}

// Stats is what a hub has counted.
type Stats struct {
	// Watchers is how many watch now.
	Watchers int
	// Written are events put into rings, Skipped those for which there was no room.
	Written, Skipped uint64
}

// Stats is what the hub has counted.
func (h *Hub) Stats() Stats {
	s := Stats{Written: h.written.Load(), Skipped: h.skipped.Load()}
	if all := h.watchers.Load(); all != nil {
		s.Watchers = len(*all)
	}
	return s
}

// ResetStats sets the counters to 0.
func (h *Hub) ResetStats() {
	h.written.Store(0)
	h.skipped.Store(0)
}
