package consul

import (
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

// At rest a process asks little of Consul: a node renews its session twelve times
// a minute and waits for three things, a gateway says six times that it is well
// and waits for one.
func TestConsulCallsAtRest(t *testing.T) {
	t.Parallel()
	agent := registrytest.StartAgent(t, nil)
	w := newConsulWorld(t, agent)
	w.founded(t, 1)

	options := w.options(t)
	nodeWay, gatewayWay := newWay(t, agent), newWay(t, agent)
	options.Address = nodeWay.address
	node := w.open(t, options)
	m := must(node.Join(within(t), shard.Node{ID: "n2", Address: "127.0.0.1:7002"}))(t)
	go func() { _, _ = m.Campaign(t.Context()) }()
	options.Address = gatewayWay.address
	gateway := w.open(t, options)
	must(gateway.Announce(registry.Gateway{ID: "g1", Address: "127.0.0.1:11211", Ready: func() error { return nil }}))(t)

	time.Sleep(2 * time.Second)
	nodeStart, gatewayStart := nodeWay.calls.Load(), gatewayWay.calls.Load()
	const span = 30 * time.Second
	time.Sleep(span)
	perMinute := func(calls int64) float64 { return float64(calls) * float64(time.Minute) / float64(span) }
	nodeRate, gatewayRate := perMinute(nodeWay.calls.Load()-nodeStart), perMinute(gatewayWay.calls.Load()-gatewayStart)
	t.Logf("calls a minute at rest: a node %.0f, a gateway %.0f", nodeRate, gatewayRate)
	if nodeRate > 24 || gatewayRate > 16 {
		t.Error("too many")
	}
}
