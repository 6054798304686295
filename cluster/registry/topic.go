package registry

import (
	"context"
	"sync"
)

// topic is a value that changes and that any number of watchers follow. Nobody
// waits for a watcher: one that is slow skips values and gets the newest.
type topic[T any] struct {
	mu      sync.Mutex
	value   T
	set     bool
	closed  bool
	changed chan struct{} // closed and replaced with each change
}

// newTopic has no value yet.
func newTopic[T any]() *topic[T] {
	return &topic[T]{changed: make(chan struct{})}
}

// publish sets the value and tells the watchers.
func (t *topic[T]) publish(value T) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value, t.set = value, true
	t.wake()
}

// end closes the channels of all watchers.
func (t *topic[T]) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.wake()
}

// wake is called with mu held.
func (t *topic[T]) wake() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// snapshot is one look at a topic; changed is closed when it is out of date.
type snapshot[T any] struct {
	value       T
	set, closed bool
	changed     <-chan struct{}
}

func (t *topic[T]) look() snapshot[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	return snapshot[T]{t.value, t.set, t.closed, t.changed}
}

// watch sends the value, and then each newer one, until ctx or the topic ends.
func (t *topic[T]) watch(ctx context.Context) <-chan T {
	out := make(chan T)
	go func() {
		defer close(out)
		for t.offer(ctx, out) {
		}
	}()
	return out
}

// offer sends the value as it is now and waits for the next; false is the end.
func (t *topic[T]) offer(ctx context.Context, out chan<- T) bool {
	now := t.look()
	if now.closed || ctx.Err() != nil {
		return false
	}
	ready := out
	if !now.set {
		ready = nil
	}
	select {
	case ready <- now.value:
	case <-now.changed:
		return true
	case <-ctx.Done():
		return false
	}
	select {
	case <-now.changed:
		return true
	case <-ctx.Done():
		return false
	}
}
