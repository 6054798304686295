//go:build netns

package partition

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
)

const (
	// cutFor is how long a cut lasts, or until the node has no shards any more if
	// that is to be; on a busy machine Consul needs longer to notice.
	cutFor        = 10 * time.Second
	noticeTimeout = 30 * time.Second
	// recoverTimeout is how long after the end of a cut every key can be stored and
	// read.
	recoverTimeout = 30 * time.Second
)

// cutTest is one way of cutting machines off.
type cutTest struct {
	name string
	cut  func(t *testing.T)
	// moves says that the node's shards get other owners before the cut is healed, and
	// entries may be lost by that.
	moves bool
	// split says that an owner which was replaced has not heard of it, and that a
	// gateway may still reach it: two gateways may see two worlds.
	split bool
	// fails says that commands are answered by errors meanwhile.
	fails bool
}

// TestCuts cuts machines off in each way that matters, heals the cut, and checks
// what clients were answered.
func TestCuts(t *testing.T) {
	n := build(t)
	node, gateway := n.nodes[1], n.gateways[0]
	tests := []cutTest{
		{name: "node from Consul", moves: true, split: true,
			cut: func(t *testing.T) { cut(t, node, n.consul) }},
		{name: "node from the gateways", fails: true,
			cut: func(t *testing.T) { cut(t, node, n.gateways...) }},
		{name: "node from one gateway", fails: true,
			cut: func(t *testing.T) { cut(t, node, gateway) }},
		{name: "node from all", moves: true, fails: true,
			cut: func(t *testing.T) { cut(t, node, n.allBut(node)...) }},
		{name: "node is heard by nobody", moves: true, fails: true,
			cut: func(t *testing.T) { mute(t, node, n.allBut(node)...) }},
		{name: "node hears nobody", moves: true, fails: true,
			cut: func(t *testing.T) { deafen(t, node, n.allBut(node)...) }},
		{name: "gateway from Consul",
			cut: func(t *testing.T) { cut(t, gateway, n.consul) }},
		{name: "node and gateway from Consul", moves: true, split: true,
			cut: func(t *testing.T) { cut(t, n.consul, node, gateway) }},
		{name: "Consul from all",
			cut: func(t *testing.T) { cut(t, n.consul, n.allBut(n.consul)...) }},
	}
	owners := watchClaims(t, n.cluster.Nodes)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n.during(t, test)
			if err := owners.err(); err != nil {
				t.Error(err)
			}
		})
	}
}

// allBut are all machines but one.
func (n *network) allBut(one host) []host {
	all := slices.Concat([]host{n.consul}, n.nodes, n.gateways)
	return slices.DeleteFunc(all, func(h host) bool { return h == one })
}

// during lets clients work while a cut is made and healed.
func (n *network) during(t *testing.T, test cutTest) {
	t.Helper()
	n.waitAllOwn(t)
	loads := n.startLoads(t, test.split)
	clock := loads[0]
	time.Sleep(time.Second)
	began := clock.Now()
	test.cut(t)
	time.Sleep(cutFor)
	if test.moves {
		n.waitMoved(t, n.nodes[1])
	}
	heal(t)
	healed := clock.Now()
	n.wantAllKeys(t)
	t.Logf("every key stored and read %v after the cut was healed", round(clock.Now()-healed))
	time.Sleep(time.Second)

	all := &consistency.History{}
	for _, load := range loads {
		h := load.Stop()
		if err := h.Check(consistency.Rules{Lossy: test.moves}); err != nil {
			t.Error(err)
		}
		all.Operations = append(all.Operations, h.Operations...)
	}
	report(t, all, began)
	if failed := all.Count(consistency.Done) < len(all.Operations); failed != test.fails {
		t.Errorf("commands were answered by errors: %v, not %v", failed, test.fails)
	}
}

// report logs what clients saw of a cut that began at a time.
func report(t *testing.T, h *consistency.History, began time.Duration) {
	t.Helper()
	slowest := h.Slowest()
	t.Logf("%d operations; the slowest took %v", len(h.Operations), round(slowest.Return-slowest.Call))
	failed := h.Where(func(o consistency.Operation) bool { return o.Status != consistency.Done })
	if len(failed.Operations) == 0 {
		return
	}
	byReturn := func(a, b consistency.Operation) int { return int(a.Return - b.Return) }
	first, last := slices.MinFunc(failed.Operations, byReturn), slices.MaxFunc(failed.Operations, byReturn)
	t.Logf("%d were answered by errors, from %v to %v after the cut: %v", len(failed.Operations),
		round(first.Return-began), round(last.Return-began), h.Messages())
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// waitAllOwn waits until every node owns its part of the shards, by what each knows.
func (n *network) waitAllOwn(t *testing.T) {
	t.Helper()
	for _, node := range n.cluster.Nodes {
		asked := &harness.Cluster{Nodes: []*harness.ShardNode{node}}
		harness.Eventually(t, recoverTimeout, node.ID+" knows of shards of every node", func() bool {
			owners := asked.Owners(t)
			return !slices.ContainsFunc(n.nodes, func(h host) bool { return owners.Count(h.name) == 0 })
		})
	}
	n.cluster.WaitReady(t)
}

// waitMoved waits until a node that was cut off has no shards any more, by what the
// others know.
func (n *network) waitMoved(t *testing.T, cut host) {
	t.Helper()
	began := time.Now()
	harness.Eventually(t, noticeTimeout, "the shards of "+cut.name+" have other owners", func() bool {
		return n.cluster.Owners(t).Count(cut.name) == 0
	})
	t.Logf("waited %v more until the shards had other owners", round(time.Since(began)))
}

// startLoads starts clients at both gateways, on keys of every node: at both on the
// same keys, or at each on its own. Nothing is stored under the keys.
func (n *network) startLoads(t *testing.T, split bool) []*consistency.Running {
	t.Helper()
	var even, odd []string
	owners := n.cluster.Owners(t)
	for _, h := range n.nodes {
		for i, key := range owners.Keys(t, h.name, 20) {
			if i%2 == 0 {
				even = append(even, key)
			} else {
				odd = append(odd, key)
			}
		}
	}
	n.empty(t, even, odd)
	first, second := n.cluster.Gateways[0].Address, n.cluster.Gateways[1].Address
	if split {
		return []*consistency.Running{startLoad(even, 1, first), startLoad(odd, 2, second)}
	}
	return []*consistency.Running{startLoad(even, 1, first, second), startLoad(odd, 2, second, first)}
}

func startLoad(keys []string, seed uint64, addresses ...string) *consistency.Running {
	return consistency.Load{
		Addresses: addresses, Keys: append(keys, consistency.Counter(keys[0])), Seed: seed,
		Clients: 4, Pause: 20 * time.Millisecond, Patience: commandDeadline + slack,
	}.Start()
}

// empty deletes what an earlier load has stored.
func (n *network) empty(t *testing.T, keys ...[]string) {
	t.Helper()
	conn := harness.Dial(t, n.cluster.Address())
	for _, key := range slices.Concat(keys...) {
		conn.Do(t, "delete "+key+"\r\n")
		conn.Do(t, "delete "+consistency.Counter(key)+"\r\n")
	}
}

// wantAllKeys waits until other keys than those of the load can be stored through
// each gateway and read through the other, on every node.
func (n *network) wantAllKeys(t *testing.T) {
	t.Helper()
	first, second := n.cluster.Gateways[0].Address, n.cluster.Gateways[1].Address
	for _, way := range [][2]string{{first, second}, {second, first}} {
		var left []string
		for i := range 60 {
			left = append(left, fmt.Sprintf("other-%d", i))
		}
		harness.Eventually(t, recoverTimeout, "every key can be stored and read", func() bool {
			for len(left) > 0 && harness.Stored(left[0], "x", way[0], way[1]) {
				left = left[1:]
			}
			return len(left) == 0
		})
	}
}
