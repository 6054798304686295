package coordinator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// event is one thing that happens to a cluster.
type event uint8

const (
	starts event = iota
	leaves
	crashes
	isCut
	expires
	heals
	drains
	registryStops
	registryStarts
	mapIsWiped
	mapIsSetBack
	events
)

func (e event) String() string {
	return [...]string{
		"starts", "leaves", "crashes", "is cut off", "expires", "heals", "drains",
		"registry stops", "registry starts", "map is wiped", "map is set back",
	}[e]
}

// step is an event, the node it happens to (counted around those there are),
// and how long nothing else happens.
type step struct {
	event event
	node  int
	wait  time.Duration
}

func (s step) String() string { return fmt.Sprintf("node %d %v, then %v", s.node, s.event, s.wait) }

func drawSteps(t *rapid.T) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			event: event(rapid.IntRange(0, int(events)-1).Draw(t, "event")),
			node:  rapid.IntRange(0, 9).Draw(t, "node"),
			wait:  time.Duration(rapid.IntRange(0, 12_000).Draw(t, "ms")) * time.Millisecond,
		}
	}), 1, 30).Draw(t, "steps")
}

// Whatever happens, in whatever order: history holds, and when it is over every
// shard is with a member.
func TestAnything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := drawSteps(rt)
		var err error
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t)
			defer c.close()
			err = c.endure(steps)
		})
		if err != nil {
			rt.Fatalf("%v", err)
		}
	})
}

// endure lets the steps happen, mends everything, and looks at what came of it.
func (c *cluster) endure(steps []step) error {
	c.run("first")
	away := map[string]registry.Membership{}
	down := false
	for i, s := range steps {
		ids := slices.Sorted(maps.Keys(c.nodes))
		switch {
		case s.event == registryStops:
			c.memory.Stop()
			down = true
		case s.event == registryStarts:
			c.memory.Start()
			down = false
		case s.event == starts && !down:
			c.run(fmt.Sprintf("n%02d", i))
		case len(ids) > 0:
			c.suffer(s.event, ids[s.node%len(ids)], away)
		}
		c.after(s.wait)
	}
	c.memory.Start()
	for _, m := range away {
		c.memory.Heal(m)
	}
	c.run("last")
	c.after(time.Minute)
	return c.verdict()
}

func (c *cluster) suffer(e event, id string, away map[string]registry.Membership) {
	switch e {
	case starts, registryStops, registryStarts, events:
	case leaves:
		c.leave(id)
		delete(away, id)
	case crashes:
		c.crash(id)
		delete(away, id)
	case isCut:
		c.memory.Cut(id)
		away[id] = c.nodes[id].membership
	case expires:
		c.memory.Expire(id)
		away[id] = c.nodes[id].membership
	case heals:
		c.memory.Heal(c.nodes[id].membership)
		delete(away, id)
	case drains:
		_ = c.memory.Drain(context.Background(), id)
	case mapIsWiped:
		c.memory.Restore(nil)
	case mapIsSetBack:
		c.memory.Restore(c.history.first())
	}
}

// verdict is what is wrong with a cluster to which nothing happens any more.
func (c *cluster) verdict() error {
	if err := c.history.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	members, stored := <-c.memory.WatchMembers(ctx), c.memory.Stored()
	if stored == nil || !stored.Complete() || shard.Plan(stored, members, 1) != stored {
		return fmt.Errorf("%v is not the plan for %v", stored, members)
	}
	return nil
}
