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
	// cutFor is how long a cut lasts: longer than Consul takes to notice.
	cutFor = 10 * time.Second
	// recoverTimeout is how long after the end of a cut every key can be stored and
	// read.
	recoverTimeout = 30 * time.Second
)

// TestCuts cuts machines off in each way that matters, heals the cut, and checks
// what clients were answered.
func TestCuts(t *testing.T) {
	n := build(t)
	node, gateway := n.nodes[1], n.gateways[0]
	tests := []struct {
		name string
		cut  func()
	}{
		{"node from Consul", func() { cut(t, node, n.consul) }},
		{"node from the gateways", func() { cut(t, node, n.gateways...) }},
		{"node from one gateway", func() { cut(t, node, gateway) }},
		{"node from all", func() { cut(t, node, n.allBut(node)...) }},
		{"node heard by nobody", func() { mute(t, node, n.allBut(node)...) }},
		{"node hears nobody", func() {
			for _, other := range n.allBut(node) {
				mute(t, other, node)
			}
		}},
		{"gateway from Consul", func() { cut(t, gateway, n.consul) }},
		{"node and gateway from Consul", func() { cut(t, n.consul, node, gateway) }},
		{"Consul from all", func() { cut(t, n.consul, n.allBut(n.consul)...) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { n.during(t, test.cut) })
	}
}

// allBut are all machines but one.
func (n *network) allBut(one host) []host {
	var others []host
	for _, h := range append(append([]host{n.consul}, n.nodes...), n.gateways...) {
		if h != one {
			others = append(others, h)
		}
	}
	return others
}

// during lets clients work while a cut is made and healed.
func (n *network) during(t *testing.T, makeCut func()) {
	n.waitAllOwn(t)
	keys := n.emptyKeys(t)
	load := consistency.Load{
		Addresses: []string{n.cluster.Gateways[0].Address, n.cluster.Gateways[1].Address}, Keys: keys,
		Clients: 8, Pause: 20 * time.Millisecond, Patience: commandDeadline + slack,
	}.Start()
	time.Sleep(time.Second)
	began := load.Now()
	makeCut()
	time.Sleep(cutFor)
	heal(t)
	healed := load.Now()
	n.wantAllKeys(t)
	back := load.Now()
	time.Sleep(time.Second)
	h := load.Stop()

	if err := h.Check(consistency.Rules{Lossy: true}); err != nil {
		t.Error(err)
	}
	failing := h.Where(func(o consistency.Operation) bool { return o.Status != consistency.Done })
	var first, last time.Duration
	for _, o := range failing.Operations {
		if first == 0 || o.Return < first {
			first = o.Return
		}
		last = max(last, o.Return)
	}
	slowest := h.Slowest()
	t.Logf("every key stored and read %v after the end of a cut of %v", round(back-healed), round(healed-began))
	t.Logf("%d operations, %d failed, from %v to %v after the cut; the slowest took %v; errors: %v", len(h.Operations),
		len(failing.Operations), round(first-began), round(last-began), round(slowest.Return-slowest.Call), h.Messages())
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

// emptyKeys are some keys of each node. Nothing is stored under them.
func (n *network) emptyKeys(t *testing.T) []string {
	t.Helper()
	owners := n.cluster.Owners(t)
	keys := []string{consistency.Counter("1"), consistency.Counter("2")}
	for _, h := range n.nodes {
		keys = append(keys, owners.Keys(t, h.name, 20)...)
	}
	conn := harness.Dial(t, n.cluster.Address())
	for _, key := range keys {
		conn.Do(t, "delete "+key+"\r\n")
	}
	return keys
}

// wantAllKeys waits until other keys than those of the load can be stored through
// each gateway and read through the other, on every node.
func (n *network) wantAllKeys(t *testing.T) {
	t.Helper()
	for from := range n.cluster.Gateways {
		var left []string
		for i := range 60 {
			left = append(left, fmt.Sprintf("other-%d", i))
		}
		harness.Eventually(t, recoverTimeout, "every key can be stored and read", func() bool {
			for len(left) > 0 && n.stored(left[0], from) {
				left = left[1:]
			}
			return len(left) == 0
		})
	}
}

func (n *network) stored(key string, from int) bool {
	to := 1 - from
	if ask(n.cluster.Gateways[from].Address, "set "+key+" 0 0 1\r\nx\r\n") != "STORED\r\n" {
		return false
	}
	return ask(n.cluster.Gateways[to].Address, "get "+key+"\r\n") == "VALUE "+key+" 0 1\r\nx\r\nEND\r\n"
}

// ask sends one command on a connection of its own; "" is no answer.
func ask(address, command string) string {
	conn, err := harness.Open(address)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if conn.Send(command) != nil {
		return ""
	}
	reply, _ := conn.Reply()
	return reply
}
