package coordinator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const shards = 16

// cluster is nodes with their coordinators around one Memory, in a bubble whose
// clock only moves when everything waits.
type cluster struct {
	t       *testing.T
	memory  *registry.Memory
	history *history
	nodes   map[string]*node
	grace   time.Duration // 0: the default
}

type node struct {
	membership registry.Membership
	stop       context.CancelFunc
	done       chan error
}

func newCluster(t *testing.T) *cluster {
	memory, err := registry.NewMemory(registry.MemoryOptions{Shards: shards})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return &cluster{t: t, memory: memory, history: &history{}, nodes: map[string]*node{}}
}

func (c *cluster) close() {
	for _, n := range c.nodes {
		n.stop()
		<-n.done
	}
	_ = c.memory.Close()
}

// start runs a node, whose coordinator sees its membership through wrap.
func (c *cluster) start(id string, wrap func(registry.Membership) registry.Membership) *node {
	c.t.Helper()
	m, err := c.memory.Join(context.Background(), shard.Node{ID: id, Address: id + ":1"})
	if err != nil {
		c.t.Fatalf("join %s: %v", id, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n := &node{membership: m, stop: stop, done: make(chan error, 1)}
	config := Config{Registry: c.memory, Membership: wrap(m), Log: zerolog.Nop(), Grace: c.grace}
	go func() { n.done <- Run(ctx, config) }()
	c.nodes[id] = n
	return n
}

func (c *cluster) recorded(m registry.Membership) registry.Membership {
	return recorded{m, c.history}
}

// run starts a node as it should be.
func (c *cluster) run(ids ...string) {
	c.t.Helper()
	for _, id := range ids {
		c.start(id, c.recorded)
	}
}

// leave stops a node as SIGTERM does.
func (c *cluster) leave(id string) {
	c.t.Helper()
	n := c.nodes[id]
	delete(c.nodes, id)
	n.stop()
	<-n.done
	if err := n.membership.Leave(context.Background()); err != nil && !errors.Is(err, registry.ErrUnavailable) {
		c.t.Fatalf("leave: %v", err)
	}
}

// crash stops a node as kill -9 does.
func (c *cluster) crash(id string) {
	n := c.nodes[id]
	delete(c.nodes, id)
	c.memory.Cut(id)
	n.stop()
	<-n.done
}

// after waits, in the bubble's time, and says who owns shards then.
func (c *cluster) after(d time.Duration) []string {
	time.Sleep(d)
	synctest.Wait()
	return owners(c.memory.Stored())
}

// owners are the ids of the nodes that own shards; "" stands for nobody.
func owners(m *shard.Map) []string {
	ids := []string{}
	if m == nil {
		return ids
	}
	for id := range shard.ID(m.Len()) {
		n, _ := m.Owner(id)
		ids = append(ids, n.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (c *cluster) expect(got []string, want ...string) {
	c.t.Helper()
	if !slices.Equal(got, want) {
		c.t.Fatalf("shards are with %q, want %q", got, want)
	}
	if err := c.history.check(); err != nil {
		c.t.Fatalf("%v", err)
	}
}

func inBubble(t *testing.T, run func(t *testing.T, c *cluster)) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		run(t, c)
	})
}

func TestFirstMap(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1")
		c.expect(c.after(time.Second), "n1")
		if m := c.memory.Stored(); m.Version() != 1 || m.Epoch(0) != shard.EpochBase(time.Now()) {
			t.Errorf("%v, epoch %d", m, m.Epoch(0))
		}
	})
}

// Nodes that start together are one plan: nothing moves twice.
func TestNodesThatStartTogether(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2", "n3")
		c.expect(c.after(time.Second), "n1", "n2", "n3")
		if m := c.memory.Stored(); m.Version() != 1 {
			t.Error(m)
		}
	})
}

func TestJoinAndLeave(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *cluster) {
		c.run("n1", "n2")
		c.after(time.Second)
		c.run("n3")
		c.expect(c.after(time.Second), "n1", "n2", "n3")
		c.leave("n2")
		c.expect(c.after(time.Second), "n1", "n3")
	})
}

// The coordinator gives its office up when it leaves: the next one is elected
// at once, not when a session has expired.
func TestCoordinatorLeaves(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2", "n3")
		c.after(time.Second)
		gone := c.memory.Coordinator()
		c.leave(gone)
		got := c.after(DefaultSettle + time.Millisecond)
		if c.memory.Coordinator() == gone || c.memory.Coordinator() == "" {
			t.Errorf("coordinator %q", c.memory.Coordinator())
		}
		if len(got) != 2 || slices.Contains(got, gone) {
			t.Errorf("shards are with %q", got)
		}
	})
}

func TestCrash(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2", "n3")
		c.after(time.Second)
		for _, victim := range []string{c.memory.Coordinator(), ""} {
			if victim == "" { // one that is not the coordinator
				for id := range c.nodes {
					if id != c.memory.Coordinator() {
						victim = id
					}
				}
			}
			c.crash(victim)
			if got := c.after(9 * time.Second); !slices.Contains(got, victim) {
				t.Errorf("%s lost its shards before its session has expired", victim)
			}
			if got := c.after(2 * time.Second); slices.Contains(got, victim) || len(got) != len(c.nodes) {
				t.Errorf("shards are with %q", got)
			}
		}
	})
}

// All nodes go, and one comes back: no shard keeps an owner that is gone, and
// epochs go on where they were.
func TestEverybodyLeaves(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2")
		c.after(time.Second)
		c.leave("n1")
		c.after(time.Second)
		before := c.memory.Stored()
		c.leave("n2")
		c.run("n1")
		c.expect(c.after(time.Second), "n1", "n2") // n1 cannot know that n2 will not be back
		c.expect(c.after(DefaultGrace), "n1")
		now := c.memory.Stored()
		for id := range shard.ID(shards) {
			if now.Epoch(id) <= before.Epoch(id) {
				t.Errorf("shard %d: epoch %d after %d", id, now.Epoch(id), before.Epoch(id))
			}
		}
	})
}

func TestRestartIsANewOwner(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2")
		c.after(time.Second)
		before := c.memory.Stored()
		c.nodes["n2"].stop() // its session is still there when it is back
		<-c.nodes["n2"].done
		c.run("n2")
		c.expect(c.after(time.Second), "n1", "n2")
		now := c.memory.Stored()
		if moves := shard.Moves(before, now); moves != 0 {
			t.Errorf("%d moves", moves)
		}
		for id := range shard.ID(shards) {
			owner, _ := now.Owner(id)
			if grown := now.Epoch(id) > before.Epoch(id); grown != (owner.ID == "n2") {
				t.Errorf("shard %d of %s: epoch %d after %d", id, owner.ID, now.Epoch(id), before.Epoch(id))
			}
		}
	})
}

func TestDrain(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2")
		c.after(time.Second)
		if err := c.memory.Drain(t.Context(), "n1"); err != nil {
			t.Fatal(err)
		}
		c.expect(c.after(time.Second), "n2")
		if m := c.memory.Stored(); m.NodeAt(m.Find("n1")).State != shard.Draining {
			t.Error(m.Nodes())
		}
	})
}

// With the registry down nothing moves; afterwards everything is made up for.
func TestOutage(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *cluster) {
		c.run("n1", "n2", "n3")
		c.after(time.Second)
		c.memory.Stop()
		c.crash("n2")
		c.expect(c.after(time.Hour), "n1", "n2", "n3")
		c.memory.Start()
		c.expect(c.after(20*time.Second), "n1", "n3")
	})
}

// A map that was lost or set back is there again at once.
func TestWiped(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1")
		c.after(time.Second)
		first := c.memory.Stored()
		c.run("n2")
		c.after(time.Second)
		before := c.memory.Stored()
		for _, spoiled := range []*shard.Map{nil, first} {
			c.memory.Restore(spoiled)
			c.expect(c.after(time.Second), "n1", "n2")
			if now := c.memory.Stored(); !now.Equal(before) {
				t.Errorf("%v instead of %v", now, before)
			}
		}
	})
}

// isolate cuts the coordinator off for longer than its session lasts, and lets
// it come back when another has taken over. Its membership is seen through wrap.
func isolate(t *testing.T, wrap func(c *cluster, m registry.Membership) registry.Membership) (wrong error) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		old := c.start("n1", func(m registry.Membership) registry.Membership { return wrap(c, m) })
		c.after(time.Second)
		c.run("n2", "n3")
		c.after(time.Second)
		c.memory.Cut("n1")
		c.after(15 * time.Second)
		c.run("n4")
		c.after(time.Second)
		if c.memory.Coordinator() == "n1" {
			t.Error("n1 is still the coordinator")
		}
		c.memory.Heal(old.membership)
		c.after(time.Minute)
		wrong = c.history.check()
		if got := owners(c.memory.Stored()); wrong == nil && len(got) != 4 {
			wrong = fmt.Errorf("shards are with %q", got)
		}
	})
	return wrong
}

func TestIsolatedCoordinator(t *testing.T) {
	if err := isolate(t, func(c *cluster, m registry.Membership) registry.Membership { return c.recorded(m) }); err != nil {
		t.Error(err)
	}
}

// The test above would notice a coordinator that ignores fencing.
func TestPlantedUnfencedCoordinator(t *testing.T) {
	err := isolate(t, func(c *cluster, m registry.Membership) registry.Membership {
		return unfenced{m, c.memory, c.history}
	})
	if err == nil {
		t.Fatal("not caught")
	}
	t.Logf("caught: %v", err)
}

// Members that keep changing do not put the plan off.
func TestChangesWithoutEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1")
		for range 100 {
			m, err := c.memory.Join(t.Context(), shard.Node{ID: "flapping", Address: "x:1"})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(DefaultSettle / 4)
			if err := m.Leave(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if m := c.memory.Stored(); m == nil || m.Version() < 5 {
			t.Errorf("%v", m)
		}
	})
}

func TestRunEndsWithTheMembership(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1")
		first := c.nodes["n1"]
		c.run("n1") // takes its place
		if err := <-first.done; !errors.Is(err, registry.ErrLost) {
			t.Error(err)
		}
		first.stop()
	})
}
