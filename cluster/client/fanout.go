package client

import (
	"context"
	"errors"
	"fmt"
	"sync"

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
}

// Stats asks every node of the map for a group of its statistics ("" for the
// general ones, "settings", "items", "slabs"; "reset" sets the counters to 0). Nodes
// that answered are returned in the map's order, those that did not in the error.
func (c *Client) Stats(ctx context.Context, group string) ([]NodeStats, error) {
	r := c.route.Load()
	if r == nil {
		return nil, fmt.Errorf("%w: no shard map yet", ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.timeout)
	defer cancel()
	all := make([]NodeStats, len(r.links))
	errs := make([]error, len(r.links))
	var wg sync.WaitGroup
	for i, l := range r.links {
		wg.Go(func() {
			all[i].Node = l.node
			all[i].Stats, errs[i] = l.stats(ctx, group)
		})
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

func (l *Link) stats(ctx context.Context, group string) ([]*shardv1.Stat, error) {
	service, err := l.service()
	if err != nil {
		return nil, err
	}
	resp, err := service.GetStats(ctx, &shardv1.GetStatsRequest{Group: group})
	if err != nil {
		return nil, fmt.Errorf("%w: node %s: %w", ErrUnavailable, l.node.ID, err)
	}
	return resp.GetStats(), nil
}

// service is for unary calls on the connection that is up.
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
	service, err := l.service()
	if err != nil {
		return nil, err
	}
	resp, err := service.GetShardMap(ctx, &shardv1.GetShardMapRequest{})
	if err != nil {
		return nil, fmt.Errorf("%w: node %s: %w", ErrUnavailable, l.node.ID, err)
	}
	return shardpb.Decode(resp.GetMap())
}
