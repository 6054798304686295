package registry

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/shard"
)

// storedMaps are what the map's key and that of the recovered map hold.
type storedMaps struct {
	pair, recoveredPair *api.KVPair // nil: no such key
	stored, recovered   *shard.Map  // nil: none, or it cannot be read
	unreadable          error       // why stored could not be read
}

// index is the stored map's, for a check-and-set.
func (s storedMaps) index() uint64 {
	if s.pair == nil {
		return 0
	}
	return s.pair.ModifyIndex
}

// sort takes in the pairs of one answer.
func (k consulKeys) sort(pairs api.KVPairs) (s storedMaps) {
	for _, pair := range pairs {
		switch pair.Key {
		case k.maps:
			s.pair = pair
			s.stored, s.unreadable = shard.Decode(pair.Value)
		case k.recovered:
			s.recoveredPair = pair
			s.recovered, _ = shard.Decode(pair.Value)
		}
	}
	return s
}

// followMap keeps the newest map, and sees to it that a Consul which knows less
// is told.
func (c *Consul) followMap(ctx context.Context) {
	var pairs api.KVPairs
	ask := func(q *api.QueryOptions) (meta *api.QueryMeta, err error) {
		pairs, meta, err = c.calls.client.KV().List(c.keys.maps, q)
		return meta, err
	}
	c.follow(ctx, "the shard map", ask, func() bool {
		c.saw(c.keys.sort(pairs))
		return true
	})
}

// saw is called with each state of the stored map, by one goroutine.
func (c *Consul) saw(s storedMaps) {
	known := c.known()
	current := s.stored != nil && covers(s.stored, known)
	if current {
		c.take(s.stored)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.leading; l != nil && (s.index() != l.index.Load() || s.recoveredPair != nil) {
		l.tell()
	}
	if current || known == nil || c.overtaken(s) {
		return
	}
	c.log.Warn().Stringer("known", known).Stringer("stored", s.stored).AnErr("unreadable", s.unreadable).
		Msg("consul: the stored shard map is not the newest of this cluster; it is not taken")
	if c.member != nil && c.leading == nil {
		c.member.remind()
	}
}

// overtaken says whether s is older than what this process has committed itself
// meanwhile. It is called with mu held.
func (c *Consul) overtaken(s storedMaps) bool {
	return c.leading != nil && s.pair != nil && s.index() < c.leading.index.Load()
}

// known is the newest map that this process has seen; nil is none.
func (c *Consul) known() *shard.Map { return c.maps.look().value }

// take makes m the newest map, if it is.
func (c *Consul) take(m *shard.Map) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.known()
	if judge(known, m) != newer {
		return
	}
	c.maps.publish(m)
	c.log.Debug().Stringer("from", known).Stringer("to", m).Msg("consul: shard map")
}

// recoverDelay gives the coordinator, which most often knows the newest map as
// well, the time to store it again itself.
const recoverDelay = time.Second

// offer leaves the newest map that this process knows where the coordinator
// finds it, if neither that map nor one that comes of it is stored. Members do this; a
// gateway needs no right to write.
func (c *Consul) offer(ctx context.Context) error {
	known := c.known()
	s, err := c.readMaps(ctx)
	if err != nil || known == nil {
		return err
	}
	if errors.Is(s.unreadable, shard.ErrFormat) {
		return s.unreadable // whoever wrote it knows better
	}
	for _, there := range []*shard.Map{s.stored, s.recovered} {
		if there != nil && covers(there, known) {
			return nil
		}
	}
	pair := &api.KVPair{Key: c.keys.recovered, Value: shard.Encode(known)}
	if s.recoveredPair != nil {
		pair.ModifyIndex = s.recoveredPair.ModifyIndex
	}
	ok, err := c.calls.cas(ctx, pair)
	if ok {
		c.log.Warn().Stringer("map", known).Msg("consul: left the newest known shard map for the coordinator")
	}
	return err
}

// readMaps reads the stored and the recovered map.
func (c *Consul) readMaps(ctx context.Context) (storedMaps, error) {
	pairs, err := c.calls.list(ctx, c.keys.maps)
	if err != nil {
		return storedMaps{}, err
	}
	return c.keys.sort(pairs), nil
}
