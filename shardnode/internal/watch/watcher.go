package watch

import (
	"context"
	"slices"
	"sync"
)

// ringSize is how many events wait for one watcher at most: 1.2 MB.
const ringSize = 4096

// Watcher is one who watches: a ring that Publish fills and Take empties.
type Watcher struct {
	hub   *Hub
	kinds Kinds
	some  chan struct{} // holds a token when the ring is not empty

	mu      sync.Mutex // guards all below; held for copying events only
	ring    []Event    // ringSize of them, made with the first
	first   int        // oldest event
	count   int
	skipped uint64 // since the last Take
}

// put copies e into the ring; false if there is no room.
func (w *Watcher) put(e *Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count == ringSize {
		w.skipped++
		return false
	}
	if w.ring == nil {
		w.ring = make([]Event, ringSize)
	}
	w.ring[(w.first+w.count)%ringSize] = *e
	if w.count++; w.count == 1 {
		w.wake()
	}
	return true
}

// wake leaves a token. mu is held.
func (w *Watcher) wake() {
	select {
	case w.some <- struct{}{}:
	default:
	}
}

// Take waits for events and moves the oldest into the given memory, at least one. It
// returns how many there are, how many were lost since the last Take, and ctx's
// error if that ends first.
func (w *Watcher) Take(ctx context.Context, into []Event) (n int, skipped uint64, err error) {
	for {
		if n, skipped = w.take(into); n > 0 {
			return n, skipped, nil
		}
		select {
		case <-w.some:
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
}

func (w *Watcher) take(into []Event) (int, uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(into), w.count)
	if n == 0 {
		return 0, 0
	}
	for i := range n {
		into[i] = w.ring[(w.first+i)%ringSize]
	}
	w.first, w.count = (w.first+n)%ringSize, w.count-n
	if w.count > 0 {
		w.wake()
	}
	skipped := w.skipped
	w.skipped = 0
	return n, skipped
}

// Close ends the watching.
func (w *Watcher) Close() {
	w.hub.change(func(all []*Watcher) []*Watcher {
		return slices.DeleteFunc(slices.Clone(all), func(o *Watcher) bool { return o == w })
	})
}
