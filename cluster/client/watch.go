package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// watchRetry is the pause before a node that could not be watched is asked again.
const watchRetry = time.Second

// watcher is told what the actors of all nodes do.
type watcher struct {
	client *Client
	kinds  []shardv1.LogKind
	visit  func([]*shardv1.LogEvent, uint64) error
	ctx    context.Context
	cancel context.CancelCauseFunc
	nodes  sync.WaitGroup
	turn   sync.Mutex // to call visit

	mu      sync.Mutex
	watched map[*Link]struct{}
}

// Watch begins to watch events of these kinds, and returns when every node of the map
// sends them or has failed to. visit is called from one goroutine at a time, with
// events that it owns, and how many were lost before them; while it waits, events are
// lost, and no actor waits. Its first error ends the watching, as the end of ctx does.
// Nodes that come, or come back, are watched too. wait waits for the end, and returns
// why. ErrBusy: a node has too many watchers.
func (c *Client) Watch(
	ctx context.Context, kinds []shardv1.LogKind, visit func(events []*shardv1.LogEvent, skipped uint64) error,
) (wait func() error, err error) {
	w := &watcher{client: c, kinds: kinds, visit: visit, watched: map[*Link]struct{}{}}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	context.AfterFunc(c.ctx, func() { w.cancel(fmt.Errorf("%w: client closed", ErrUnavailable)) })
	changed, begun := c.changes(), w.follow()
	for _, err := range begun {
		if errors.Is(err, ErrBusy) {
			w.cancel(err)
			w.nodes.Wait()
			return nil, err
		}
	}
	w.nodes.Go(func() { w.keepUp(changed) })
	return w.wait, nil
}

func (w *watcher) wait() error {
	w.nodes.Wait()
	return context.Cause(w.ctx)
}

// keepUp watches nodes that come later.
func (w *watcher) keepUp(changed <-chan struct{}) {
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-changed:
		}
		changed = w.client.changes()
		w.follow()
	}
}

// changes is closed when a map or the state of a link changes.
func (c *Client) changes() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// follow watches all nodes of the map that are not watched yet, and returns what each
// has answered at first.
func (w *watcher) follow() []error {
	r := w.client.route.Load()
	if r == nil {
		return nil
	}
	var begins []chan error
	for _, l := range r.links {
		if !w.add(l) {
			continue
		}
		begun := make(chan error, 1)
		begins = append(begins, begun)
		w.nodes.Go(func() {
			defer w.remove(l)
			w.node(l, begun)
		})
	}
	all := make([]error, 0, len(begins))
	for _, begun := range begins {
		all = append(all, <-begun)
	}
	return all
}

func (w *watcher) add(l *Link) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, twice := w.watched[l]; twice {
		return false
	}
	w.watched[l] = struct{}{}
	return true
}

func (w *watcher) remove(l *Link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.watched, l)
}

// node watches one node until its link is closed. begun, which has room for one, gets
// the outcome of the first attempt.
func (w *watcher) node(l *Link, begun chan<- error) {
	tell := func(err error) {
		select {
		case begun <- err:
		default: // it was told before
		}
	}
	for w.ctx.Err() == nil && l.State() != LinkClosed {
		tell(w.stream(l, tell))
		sleep(w.ctx, watchRetry)
	}
	tell(ErrUnavailable)
}

// stream watches a node for as long as that goes well.
func (w *watcher) stream(l *Link, begun func(error)) error {
	a, err := l.openAside(w.ctx)
	if err != nil {
		return err
	}
	defer a.close()
	stream, err := a.Watch(a.ctx, &shardv1.WatchRequest{Kinds: w.kinds})
	if err != nil {
		return a.failed(err)
	}
	for {
		resp, err := stream.Recv()
		if err != nil {
			return a.failed(err)
		}
		a.silence.Stop() // events may be hours apart
		begun(nil)
		w.tell(resp)
	}
}

func (w *watcher) tell(resp *shardv1.WatchResponse) {
	w.turn.Lock()
	defer w.turn.Unlock()
	if len(resp.GetEvents()) == 0 || w.ctx.Err() != nil {
		return
	}
	if err := w.visit(resp.GetEvents(), resp.GetSkipped()); err != nil {
		w.cancel(err)
	}
}
