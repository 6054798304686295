package coordinator

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/memactor/memactor/cluster/shard"
)

// forget makes the registry forget everything, as one that comes back empty has.
func (c *cluster) forget() {
	for id := range c.nodes {
		c.memory.Expire(id)
	}
	c.memory.Restore(nil)
}

func (c *cluster) heal(id string) { c.memory.Heal(c.nodes[id].membership) }

// comeBack lets the registry come back empty and the nodes notice one by one, and
// returns what is wrong with the map meanwhile.
func comeBack(t *testing.T, grace time.Duration) (wrong error) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer c.close()
		c.grace = grace
		c.run("n1", "n2", "n3")
		c.after(time.Second)
		before := c.memory.Stored()
		c.forget()
		for _, id := range []string{"n2", "n1"} {
			c.heal(id)
			c.after(DefaultGrace / 3)
		}
		if now := c.memory.Stored(); !now.Equal(before) {
			wrong = fmt.Errorf("%v instead of %v", now, before)
		}
		c.expect(c.after(DefaultGrace), "n1", "n2") // n3 is really gone
		c.heal("n3")
		c.expect(c.after(time.Second), "n1", "n2", "n3")
	})
	return wrong
}

// Nobody loses shards who was there all the time.
func TestNodesComeBackOneByOne(t *testing.T) {
	if err := comeBack(t, 0); err != nil {
		t.Error(err)
	}
}

// The test above would notice a coordinator without grace.
func TestPlantedNoGrace(t *testing.T) {
	err := comeBack(t, time.Nanosecond)
	if err == nil {
		t.Fatal("not caught")
	}
	t.Logf("caught: %v", err)
}

// A node that is new, and the first to be elected after the registry has lost all
// sessions, does not take everything.
func TestNewNodeIsElectedFirst(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *cluster) {
		c.run("n1", "n2")
		c.after(time.Second)
		for id := range c.nodes {
			c.memory.Expire(id)
		}
		c.run("n3")
		c.expect(c.after(DefaultGrace/4), "n1", "n2", "n3")
		c.run("n4") // is served meanwhile
		c.expect(c.after(time.Second), "n1", "n2", "n3", "n4")
		c.heal("n1")
		c.heal("n2")
		c.expect(c.after(DefaultGrace), "n1", "n2", "n3", "n4")
	})
}

// soon is when a change that nothing holds up is in the map.
const soon = DefaultSettle + 10*time.Millisecond

// Whoever is back after the registry was, and leaves then, has left.
func TestLeaveAfterTheRegistryForgot(t *testing.T) {
	inBubble(t, func(_ *testing.T, c *cluster) {
		c.run("n1", "n2", "n3")
		c.after(time.Second)
		c.forget()
		for _, id := range []string{"n1", "n2", "n3"} {
			c.heal(id)
			c.after(100 * time.Millisecond)
		}
		c.leave("n2")
		c.expect(c.after(soon), "n1", "n3")
	})
}

// So has the coordinator before a coordinator that is new.
func TestLeaveToANewNode(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1")
		c.after(time.Minute)
		c.run("n2")
		c.expect(c.after(soon), "n1", "n2")
		if c.memory.Coordinator() != "n1" {
			t.Error(c.memory.Coordinator())
		}
		c.leave("n1")
		c.expect(c.after(soon), "n2")
	})
}

// A node that has died is not waited for by a coordinator that saw it live, were it
// the coordinator itself.
func TestCrashBeforeANewCoordinator(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1")
		c.after(time.Minute)
		c.run("n2")
		c.after(soon)
		c.crash("n1")
		c.after(10 * time.Second) // its session
		c.expect(c.after(soon), "n2")
		if c.memory.Coordinator() != "n2" {
			t.Error(c.memory.Coordinator())
		}
	})
}

// A node that is drained while others are missing is drained.
func TestDrainWhileOthersAreMissing(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2", "n3")
		c.after(time.Second)
		c.forget()
		c.heal("n1")
		c.heal("n2")
		c.after(time.Second)
		if err := c.memory.Drain(t.Context(), "n2"); err != nil {
			t.Fatal(err)
		}
		c.expect(c.after(soon), "n1", "n3")
	})
}

// An earlier run that an old snapshot brings back is not the node.
func TestGhost(t *testing.T) {
	inBubble(t, func(t *testing.T, c *cluster) {
		c.run("n1", "n2")
		c.after(time.Second)
		c.leave("n2")
		c.run("n2") // its second run
		c.after(time.Second)
		before := c.memory.Stored()
		second := before.NodeAt(before.Find("n2"))
		w := newWitness(time.Now)
		ghost := second
		ghost.Incarnation--
		w.saw([]shard.Node{ghost})
		if w.since(w.began, second) {
			t.Error("a ghost was taken for the node")
		}
		term := &term{nodes: []shard.Node{ghost}}
		if term.isMember(second) {
			t.Error("a ghost is a member")
		}
		if next := shard.Plan(before, slices.Concat(before.Nodes(), term.nodes), 1); next != before {
			t.Errorf("%v", next)
		}
	})
}

// A list of before the registry was disturbed says nothing of the time after.
func TestWitness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness(time.Now)
		members := make(chan []shard.Node)
		done := make(chan struct{})
		go func() { w.watch(members); close(done) }()
		n := shard.Node{ID: "n", Incarnation: 5}
		members <- []shard.Node{n}
		synctest.Wait()
		if !w.since(w.began, n) {
			t.Error("not seen")
		}
		time.Sleep(time.Second)
		disturbed := time.Now()
		members <- nil
		synctest.Wait()
		if w.since(disturbed, n) {
			t.Error("seen after it was there")
		}
		time.Sleep(time.Second)
		members <- []shard.Node{{ID: "n", Incarnation: 6}}
		close(members)
		<-done
		if !w.since(disturbed, n) {
			t.Error("its next run was not seen")
		}
	})
}
