package client

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/cluster/shardpb"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// FlushAll invalidates all entries of the cluster that are stored before now or,
// with a positive exptime (memcached's), before that moment. It returns nil only when
// every shard has it.
func (c *Client) FlushAll(ctx context.Context, exptime int64) error {
	m := c.Map()
	if m == nil {
		return fmt.Errorf("%w: no shard map yet", ErrUnavailable)
	}
	g := newGather(m.Len())
	envelopes := make([]wire.Envelope, m.Len())
	for id := range envelopes {
		envelopes[id] = wire.Envelope{Op: shardv1.Op_OP_FLUSH, Shard: uint32(id), Exptime: exptime}
		c.Submit(&envelopes[id], g, uint64(id))
	}
	return g.wait(ctx)
}

// gather is the Sink of calls that are waited for together.
type gather struct {
	mu   sync.Mutex
	left int
	err  error
	done chan struct{}
}

func newGather(n int) *gather { return &gather{left: n, done: make(chan struct{})} }

func (g *gather) Reply(tag uint64, r *wire.Reply) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := replyError(r); err != nil && g.err == nil {
		g.err = fmt.Errorf("shard %d: %w", tag, err)
	}
	if g.left--; g.left == 0 {
		close(g.done)
	}
}

func (g *gather) wait(ctx context.Context) error {
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// NodeStats is what one node answered to Stats.
type NodeStats struct {
	Node  shard.Node
	Stats []*shardv1.Stat
	// Prefixes are those of the group "detail_dump".
	Prefixes []*shardv1.PrefixStat
}

// Stats asks every node of the map for a group of its statistics ("" for the general
// ones; GetStatsRequest of the contract lists them, and those that do something
// instead). Nodes that answered are returned in the map's order, those that did not in
// the error.
func (c *Client) Stats(ctx context.Context, group string) ([]NodeStats, error) {
	return each(ctx, c, func(ctx context.Context, l *Link) (NodeStats, error) {
		resp, err := ask(ctx, l, shardv1.ShardServiceClient.GetStats, &shardv1.GetStatsRequest{Group: group})
		return NodeStats{Node: l.node, Stats: resp.GetStats(), Prefixes: resp.GetPrefixes()}, err
	})
}

// Nodes are the nodes of the map with the state of their links, in the map's order.
func (c *Client) Nodes() []NodeState {
	r := c.route.Load()
	if r == nil {
		return nil
	}
	all := make([]NodeState, len(r.links))
	for i, l := range r.links {
		all[i] = NodeState{Node: l.node, Link: l.State()}
	}
	return all
}

// NodeState is a node, and whether it can be reached.
type NodeState struct {
	Node shard.Node
	Link LinkState
}

// each asks all nodes of the map at once. What those say that answer is returned in
// the map's order, the errors of the others together.
func each[T any](ctx context.Context, c *Client, call func(context.Context, *Link) (T, error)) ([]T, error) {
	r := c.route.Load()
	if r == nil {
		return nil, fmt.Errorf("%w: no shard map yet", ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.timeout)
	defer cancel()
	all := make([]T, len(r.links))
	errs := make([]error, len(r.links))
	var wg sync.WaitGroup
	for i, l := range r.links {
		wg.Go(func() { all[i], errs[i] = call(ctx, l) })
	}
	wg.Wait()
	answered := all[:0]
	for i := range all {
		if errs[i] == nil {
			answered = append(answered, all[i])
		}
	}
	return answered, errors.Join(errs...)
}

// unary is one of the contract's unary calls.
type unary[In, Out any] func(shardv1.ShardServiceClient, context.Context, *In, ...grpc.CallOption) (*Out, error)

// ask makes a unary call on the connection that is up.
func ask[In, Out any](ctx context.Context, l *Link, call unary[In, Out], in *In) (*Out, error) {
	service, err := l.service()
	if err != nil {
		return nil, err
	}
	out, err := call(service, ctx, in)
	if err != nil {
		return nil, l.callError(err)
	}
	return out, nil
}

// callError says whose error it is that a call beside the stream ended with.
func (l *Link) callError(err error) error {
	kind := ErrUnavailable // the node, or the way to it
	if code := status.Code(err); code == codes.ResourceExhausted {
		kind = ErrBusy
	} else if code == codes.InvalidArgument || code == codes.FailedPrecondition {
		kind = ErrInvalid
	}
	return fmt.Errorf("%w: node %s: %w", kind, l.node.ID, plain{err})
}

// service is for calls beside the stream on the connection that is up.
func (l *Link) service() (shardv1.ShardServiceClient, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return nil, fmt.Errorf("%w: node %s is %s", ErrUnavailable, l.node.ID, l.state)
	}
	return shardv1.NewShardServiceClient(l.conn), nil
}

// shardMap asks the node for the map that it acts on.
func (l *Link) shardMap(ctx context.Context) (*shard.Map, error) {
	resp, err := ask(ctx, l, shardv1.ShardServiceClient.GetShardMap, &shardv1.GetShardMapRequest{})
	if err != nil {
		return nil, err
	}
	return shardpb.Decode(resp.GetMap())
}
