package operator

import (
	"fmt"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/memactor/inspect"
)

// TestDrain takes nodes out one after the other while clients store and read: no
// command fails, and each process ends with code 0. The last one stays.
func TestDrain(t *testing.T) {
	c := startCluster(t)
	keys := make([]string, 60)
	for i := range keys {
		keys[i] = fmt.Sprint("key-", i)
	}
	load := consistency.Load{Addresses: []string{c.gateway.Address}, Keys: keys, Clients: 4, Seed: 1}.Start()

	c.drains(t, "n2")
	c.nodes["n2"].Restart(t)
	v := c.awaitWhole(t, 3)
	if n := nodeOf(t, v, "n2"); n.State != inspect.Live || n.Shards < 341 {
		t.Errorf("started again, it is %+v", n)
	}
	c.drains(t, *v.Coordinator) // the coordinator is a node like any other
	c.drains(t, nodeOf(t, c.awaitWhole(t, 2), "n2").ID)

	last := c.awaitWhole(t, 1).Nodes[0]
	if o := c.memactor(t, "drain", last.ID); o.code != 1 || o.out != "" {
		t.Errorf("the last node: %+v", o)
	} else {
		wantIn(t, o.stderr, "drain "+last.ID, "no other live node could take its shards")
	}
	history := load.Stop()
	if err := history.Check(consistency.Rules{Lossy: true}); err != nil { // a shard begins empty where it goes
		t.Error(err)
	}
	if failed := len(history.Operations) - history.Count(consistency.Done); failed > 0 || history.Broken > 0 {
		t.Errorf("%d of %d operations failed, %d connections were broken: %v",
			failed, len(history.Operations), history.Broken, history.Messages())
	}
	t.Logf("%d operations, the slowest %v", len(history.Operations), history.Slowest().Return-history.Slowest().Call)
}

// drains takes a node out, and sees its process end in order.
func (c *cluster) drains(t *testing.T, id string) {
	t.Helper()
	begin := time.Now()
	o := c.memactor(t, "drain", id)
	if o.code != 0 || o.out != id+" has given its shards away and left\n" || o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	if code := c.nodes[id].ExitCode(t); code != 0 {
		t.Errorf("%s: exit code %d", id, code)
	}
	t.Logf("%s drained in %v", id, time.Since(begin).Round(time.Millisecond))
}
