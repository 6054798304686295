// Package client is the shard-aware client of a memactor cluster. The gateway
// is built on it, and so is any Go program that skips the gateway.
//
// A Client follows the shard map and keeps one Link, a gRPC stream, to each node.
// Submit gives a call to the link of the node that owns its key's shard; what
// all goroutines submit while one message is being sent leaves as the next
// message (batching without a timer). The link's receiver hands each reply to
// the call's Sink and never waits for it.
//
// # Order
//
// Calls for one shard that one goroutine submits are executed in that order, also
// while the shard changes its owner: from the moment that a change is seen, new
// calls for the shard are held until those before them are answered (route.go).
//
// # What is sent again
//
// A call that was surely not executed (STATUS_MOVED, never sent, or left over by
// a stream that the node ended in order) and a read of unknown outcome are sent
// again until the call's time is over. A write of unknown outcome is not: its
// reply is STATUS_UNKNOWN_OUTCOME. Calls wait for a node that has ended its stream
// in order, as one does that restarts or leaves; for a node that is gone they fail
// at once.
package client

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Maps is where a client learns of shard maps; every registry is one.
type Maps interface {
	// WatchMap sends the current map and then each newer one (older ones that
	// were not received are dropped), until ctx ends.
	WatchMap(ctx context.Context) <-chan *shard.Map
}

// Sink takes the reply to a call.
type Sink interface {
	// Reply is called exactly once for each call submitted, from a goroutine of
	// the client or from within Submit. r and r.Value are valid during the call
	// only. It must not block and must not call Submit.
	Reply(tag uint64, r *wire.Reply)
}

// Client is safe for concurrent use.
type Client struct {
	opts   options
	ctx    context.Context // until Close
	cancel context.CancelFunc
	done   sync.WaitGroup
	route  atomic.Pointer[route]
	// tick counts the client's clock: one for each opts.tick. Deadlines of calls
	// are in ticks, so that submitting one needs no system call.
	tick atomic.Int64

	// mu guards changes of the route, and the shards in transit.
	mu      sync.Mutex
	links   map[string]*Link
	transit map[shard.ID]*transit
	changed chan struct{} // closed and replaced when a map or a link's state changes
	closed  bool

	refreshing atomic.Bool // a node is being asked for its map
}

// New starts a client that follows maps. Close it to free its connections.
func New(maps Maps, opts ...Option) *Client {
	c := &Client{
		opts: newOptions(opts), links: map[string]*Link{},
		transit: map[shard.ID]*transit{}, changed: make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.ctx, c.cancel = ctx, cancel
	c.done.Go(func() { c.follow(ctx, maps.WatchMap(ctx)) })
	c.done.Go(func() { c.keepTime(ctx) })
	return c
}

// Close ends all connections. Calls without a reply get STATUS_UNAVAILABLE or
// STATUS_UNKNOWN_OUTCOME.
func (c *Client) Close() error {
	c.cancel()
	c.mu.Lock()
	c.closed = true
	links := c.links
	c.links = map[string]*Link{}
	c.mu.Unlock()
	for _, l := range links {
		l.close()
	}
	c.done.Wait()
	c.abandonTransit()
	return nil
}

// Submit sends e to the actor of e.Key and returns at once. It sets e.ID, e.Shard
// (from e.Key if there is one), e.Epoch and e.Resume. The caller leaves e and
// the bytes of its slices alone until sink has the reply.
func (c *Client) Submit(e *wire.Envelope, sink Sink, tag uint64) {
	for {
		r := c.route.Load()
		if r == nil {
			reject(sink, tag, shardv1.Status_STATUS_UNAVAILABLE, "no shard map yet")
			return
		}
		if len(e.Key) > 0 {
			e.Shard = uint32(r.m.Of(e.Key))
		}
		l := r.owner(shard.ID(e.Shard))
		if l == nil {
			reject(sink, tag, shardv1.Status_STATUS_UNAVAILABLE, fmt.Sprintf("no node owns shard %d", e.Shard))
			return
		}
		if l.submit(call{env: e, sink: sink, tag: tag, shard: e.Shard, expires: c.expiry()}) {
			return
		}
		c.awaitRoute()
	}
}

// Map is the shard map that calls are routed by; nil before the first.
func (c *Client) Map() *shard.Map {
	if r := c.route.Load(); r != nil {
		return r.m
	}
	return nil
}

// Ready says why the client cannot serve every key now; nil if it can: it has a
// map in which every shard has an owner with a stream to it.
func (c *Client) Ready() error {
	r := c.route.Load()
	if r == nil {
		return fmt.Errorf("%w: no shard map yet", ErrUnavailable)
	}
	for id := range r.m.Len() {
		l := r.owner(shard.ID(id))
		if l == nil {
			return fmt.Errorf("%w: no node owns shard %d", ErrUnavailable, id)
		}
		if s := l.State(); s != LinkUp {
			return fmt.Errorf("%w: node %s is %s", ErrUnavailable, l.node.ID, s)
		}
	}
	return nil
}

// WaitReady waits until Ready or until ctx ends, whose error wraps the reason.
func (c *Client) WaitReady(ctx context.Context) error {
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		err := c.Ready()
		if err == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// background runs f until it returns, with a context that ends with the client or
// when a call would have.
func (c *Client) background(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.done.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, c.opts.timeout)
		defer cancel()
		f(ctx)
	})
}

// announce wakes those that wait for a change.
func (c *Client) announce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Client) expiry() int64 { return c.tick.Load() + c.opts.timeoutTicks }

// keepTime moves the client's clock and ends calls whose time is over.
func (c *Client) keepTime(ctx context.Context) {
	ticker := time.NewTicker(c.opts.tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := c.tick.Add(1)
		for _, l := range c.snapshotLinks() {
			l.expire(now)
		}
		c.expireTransit(now)
	}
}

func (c *Client) snapshotLinks() []*Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*Link, 0, len(c.links))
	for _, l := range c.links {
		all = append(all, l)
	}
	return all
}

// call is one envelope on its way to its reply. Once sink is nil it has been
// answered, and env may not be touched.
type call struct {
	env     *wire.Envelope
	sink    Sink
	tag     uint64
	seq     uint64 // order of submission on its link
	expires int64  // in ticks
	shard   uint32
}

// fail answers the call with a status of the client's own.
func (c *call) fail(status shardv1.Status, why string) { reject(c.sink, c.tag, status, why) }

// timeout is the status of a call that got no reply in time.
func (c *call) timeout() shardv1.Status {
	if isRead(c.env) {
		return shardv1.Status_STATUS_UNAVAILABLE
	}
	return shardv1.Status_STATUS_UNKNOWN_OUTCOME
}

func reject(sink Sink, tag uint64, status shardv1.Status, why string) {
	sink.Reply(tag, &wire.Reply{Status: status, Message: why})
}

// isRead tells the envelopes that change nothing but statistics and the entry's last
// use. OP_GAT is not one, and nor is a read that may win or make an entry: done twice,
// nobody would know that he has won.
func isRead(e *wire.Envelope) bool {
	return e.Op == shardv1.Op_OP_GET &&
		!e.Has(shardv1.Option_OPTION_WIN|shardv1.Option_OPTION_VIVIFY|shardv1.Option_OPTION_RECACHE)
}

// dial opens a connection to a node; grpc connects in the background. more options
// come before those of WithDialOptions.
func (c *Client) dial(n shard.Node, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///"+n.Address, c.opts.dialOptions(more...)...)
	if err != nil {
		return nil, fmt.Errorf("node %s at %s: %w", n.ID, n.Address, err)
	}
	return conn, nil
}
