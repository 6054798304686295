package client

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// How a shard changes its owner without its calls changing their order.
//
// A link's lane for the shard is open (calls are sent), held (calls are parked)
// or closed (submit loads the route again). When a new map names another owner,
// the new owner's lane opens held, and the old owner's lane, if it has calls that
// are not answered, becomes held and the first source of the shard's transit. When
// a source's last call is answered, its parked calls go to the transit; when all
// sources are empty, the transit's calls and then those parked at the owner are
// sent, and the owner's lane is open. A node that answers STATUS_MOVED makes its
// own lane a source in the same way, with itself as the owner until there is a
// newer map: then the calls are sent to it again after movedRetry.

const (
	// movedRetry is the pause before a call is sent again to a node that refused it
	// although the map names it: one of the two has an old map.
	movedRetry = 20 * time.Millisecond
	// leaveGrace is how long a node that has left the map may go on answering.
	leaveGrace = 500 * time.Millisecond
)

// route is a shard map with the links to its nodes.
type route struct {
	m     *shard.Map
	links []*Link // by index of the node in m
}

// owner is the link to the shard's owner; nil if it has none.
func (r *route) owner(id shard.ID) *Link {
	if r == nil || int(id) >= r.m.Len() {
		return nil
	}
	if i := r.m.OwnerIndex(id); i >= 0 {
		return r.links[i]
	}
	return nil
}

// transit is a shard whose calls are held.
type transit struct {
	sources []source // lanes to be emptied, oldest first
	calls   []call   // from sources that are empty, in order
	waits   bool     // a retry is due
}

// source is a lane that is being emptied of the calls up to a seq of its link.
type source struct {
	link *Link
	upTo uint64
}

// follow takes maps until the channel is closed.
func (c *Client) follow(ctx context.Context, maps <-chan *shard.Map) {
	for {
		select {
		case <-ctx.Done():
			return
		case m, ok := <-maps:
			if !ok {
				return
			}
			c.install(m)
		}
	}
}

// awaitRoute waits while the route is being changed.
func (c *Client) awaitRoute() {
	c.mu.Lock()
	defer c.mu.Unlock()
}

// install makes m the route, unless it is older than the present one or of
// another cluster.
func (c *Client) install(m *shard.Map) {
	c.mu.Lock()
	old := c.route.Load()
	if c.closed || !follows(m, old) {
		c.mu.Unlock()
		return
	}
	next := &route{m: m}
	for _, n := range m.Nodes() {
		next.links = append(next.links, c.link(n, m.Len()))
	}
	for id := range m.Len() {
		c.shift(shard.ID(id), old, next)
	}
	c.route.Store(next)
	var refused rejections
	for id := range c.transit {
		refused = append(refused, c.advance(id)...)
	}
	c.dropLinks(next)
	c.mu.Unlock()
	refused.answer()
	c.announce()
	c.opts.log.Info().Uint64("version", m.Version()).Int("nodes", len(m.Nodes())).Msg("shard map")
}

func follows(m *shard.Map, old *route) bool {
	if old == nil {
		return true
	}
	return m.ClusterID() == old.m.ClusterID() && m.Version() > old.m.Version() && m.Len() == old.m.Len()
}

func linkKey(n shard.Node) string { return n.ID + "@" + n.Address }

// link is the link to n, a new one if there is none. mu is held.
func (c *Client) link(n shard.Node, shards int) *Link {
	l := c.links[linkKey(n)]
	if l == nil {
		l = newLink(c, n, shards)
		c.links[linkKey(n)] = l
	}
	return l
}

// dropLinks ends the links to nodes that are not in the map any more. mu is held.
func (c *Client) dropLinks(next *route) {
	for key, l := range c.links {
		if !slices.Contains(next.links, l) {
			delete(c.links, key)
			time.AfterFunc(leaveGrace, l.leave)
		}
	}
}

// shift prepares the lanes of one shard for the next route. mu is held.
func (c *Client) shift(id shard.ID, old, next *route) {
	from, to := old.owner(id), next.owner(id)
	epoch := next.m.Epoch(id)
	if from == to {
		if to != nil && to.renew(id, epoch) {
			c.hold(id, to)
		}
		return
	}
	if from != nil && from.yield(id) {
		c.hold(id, from)
	}
	if to == nil {
		return
	}
	limit := to.open(id, epoch, c.transit[id] != nil)
	if t := c.transit[id]; t != nil {
		t.bound(to, limit)
	}
}

// hold makes l's lane the last source of the shard's transit. mu is held.
func (c *Client) hold(id shard.ID, l *Link) {
	t := c.transit[id]
	if t == nil {
		t = &transit{}
		c.transit[id] = t
	}
	t.sources = append(t.sources, source{l, math.MaxUint64})
}

// bound keeps calls that l takes as the owner from now on apart from those that
// it held as a source.
func (t *transit) bound(l *Link, limit uint64) {
	for i := range t.sources {
		if t.sources[i].link == l {
			t.sources[i].upTo = min(t.sources[i].upTo, limit)
		}
	}
}

func (t *transit) has(l *Link) bool {
	return slices.ContainsFunc(t.sources, func(s source) bool { return s.link == l })
}

// advance takes the calls of the sources that are empty, and sends all when the
// last one is. mu is held.
func (c *Client) advance(id shard.ID) rejections {
	t := c.transit[id]
	owner := c.route.Load().owner(id)
	for len(t.sources) > 0 {
		s := t.sources[0]
		keep := s.link == owner || slices.ContainsFunc(t.sources[1:], func(o source) bool { return o.link == s.link })
		calls, ok := s.link.takeDrained(id, s.upTo, keep)
		if !ok {
			return nil
		}
		t.calls = append(t.calls, calls...)
		t.sources = t.sources[1:]
	}
	switch {
	case owner == nil:
		return nil
	case owner.refused(id):
		if !t.waits {
			t.waits = true
			time.AfterFunc(movedRetry, func() { c.retry(id) })
		}
		return nil
	}
	return c.release(id, t, owner)
}

// release sends what has been held. mu is held.
func (c *Client) release(id shard.ID, t *transit, owner *Link) rejections {
	delete(c.transit, id)
	return owner.release(id, t.calls)
}

// retry sends the calls of a shard again to a node that has refused them.
func (c *Client) retry(id shard.ID) {
	c.mu.Lock()
	var refused rejections
	if t := c.transit[id]; t != nil && !c.closed {
		t.waits = false
		if owner := c.route.Load().owner(id); owner != nil && len(t.sources) == 0 {
			refused = c.release(id, t, owner)
		} else {
			refused = c.advance(id)
		}
	}
	c.mu.Unlock()
	refused.answer()
}

// progress goes on with shards whose lane on l has no more unanswered calls, and
// follows a moved entry that is newer than the route's map.
func (c *Client) progress(l *Link, drained []shard.ID, moved *shardv1.Moved) {
	if moved != nil && moved.GetMapVersion() > c.Map().Version() {
		c.refresh(l)
	}
	if len(drained) == 0 {
		return
	}
	c.mu.Lock()
	var refused rejections
	for _, id := range drained {
		if c.closed {
			break
		}
		if t := c.transit[id]; t == nil || !t.has(l) && len(t.sources) == 0 && !t.waits {
			c.hold(id, l)
		}
		refused = append(refused, c.advance(id)...)
	}
	c.mu.Unlock()
	refused.answer()
}

// refresh asks the node for the map that it acts on.
func (c *Client) refresh(l *Link) {
	if !c.refreshing.CompareAndSwap(false, true) {
		return
	}
	c.background(func(ctx context.Context) {
		defer c.refreshing.Store(false)
		m, err := l.shardMap(ctx)
		if err != nil {
			c.opts.log.Warn().Err(err).Str("node", l.node.ID).Msg("shard map not had from node")
			return
		}
		c.install(m)
	})
}

// expireTransit answers the held calls whose time is over.
func (c *Client) expireTransit(now int64) {
	c.endTransit(func(call call) bool { return call.expires <= now }, "the shard had no owner in time")
}

// abandonTransit answers all held calls.
func (c *Client) abandonTransit() {
	c.endTransit(func(call) bool { return true }, "client closed")
}

func (c *Client) endTransit(over func(call) bool, why string) {
	c.mu.Lock()
	var ended []call
	for _, t := range c.transit {
		t.calls = slices.DeleteFunc(t.calls, func(call call) bool {
			if !over(call) {
				return false
			}
			ended = append(ended, call)
			return true
		})
	}
	c.mu.Unlock()
	for i := range ended {
		ended[i].fail(shardv1.Status_STATUS_UNAVAILABLE, why)
	}
}
