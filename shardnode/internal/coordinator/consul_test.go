//go:build consul

package coordinator

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

// consulNode is a node as a process of its own: its registry is its own, too.
type consulNode struct {
	registry   *registry.Consul
	membership registry.Membership
	stop       context.CancelFunc
	done       chan error
}

func startConsulNode(t *testing.T, agent *registrytest.Agent, id string) *consulNode {
	t.Helper()
	r, err := registry.NewConsul(registry.ConsulOptions{
		Address: agent.Address, Shards: shards, CheckInterval: -1, Settle: 500 * time.Millisecond,
		Log: zerolog.New(zerolog.NewTestWriter(t)).With().Str("node", id).Logger().Level(zerolog.InfoLevel),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	m, err := r.Join(ctx, shard.Node{ID: id, Address: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	n := &consulNode{registry: r, membership: m, stop: stop, done: make(chan error, 1)}
	go func() { n.done <- Run(ctx, Config{Registry: r, Membership: m, Log: zerolog.Nop()}) }()
	t.Cleanup(n.kill)
	return n
}

// kill ends the process without a word.
func (n *consulNode) kill() {
	_ = n.registry.Close()
	n.stop()
	<-n.done
	n.done <- nil
}

// leave ends it in order.
func (n *consulNode) leave(t *testing.T) {
	t.Helper()
	n.stop()
	if err := <-n.done; err != nil {
		t.Error(err)
	}
	n.done <- nil
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := n.membership.Leave(ctx); err != nil {
		t.Error(err)
	}
}

// awaitOwners follows the map until exactly these nodes own shards.
func awaitOwners(t *testing.T, maps registry.Maps, ids ...string) *shard.Map {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for m := range maps.WatchMap(ctx) {
		if slices.Equal(owners(m), ids) {
			return m
		}
	}
	t.Fatalf("no map with %v", ids)
	return nil
}

// The whole of it on a real agent: start, join, leave, and a node that is
// killed.
func TestOnConsul(t *testing.T) {
	agent := registrytest.StartAgent(t, nil)
	n1 := startConsulNode(t, agent, "n1")
	awaitOwners(t, n1.registry, "n1")
	n2, n3 := startConsulNode(t, agent, "n2"), startConsulNode(t, agent, "n3")
	awaitOwners(t, n1.registry, "n1", "n2", "n3")

	started := time.Now()
	n1.leave(t) // the coordinator
	awaitOwners(t, n2.registry, "n2", "n3")
	t.Logf("its shards have another owner %v after the coordinator has left", time.Since(started))

	started = time.Now()
	n2.kill()
	awaitOwners(t, n3.registry, "n3")
	t.Logf("its shards have another owner %v after a node was killed (no health check)", time.Since(started))
}
