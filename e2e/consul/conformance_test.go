package consul

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

// consulWorld is one cluster of a Consul agent that other tests use as well.
type consulWorld struct {
	agent   *registrytest.Agent
	client  *api.Client
	cluster string

	mu   sync.Mutex
	dead map[string]bool // addresses where nobody is any more
}

var clusters atomic.Int64

func newConsulWorld(t *testing.T, agent *registrytest.Agent) *consulWorld {
	t.Helper()
	client, err := api.NewClient(&api.Config{Address: agent.Address, Transport: noKeepAlive()})
	if err != nil {
		t.Fatal(err)
	}
	return &consulWorld{
		agent: agent, client: client,
		cluster: fmt.Sprintf("test-%d", clusters.Add(1)), dead: map[string]bool{},
	}
}

// options are those of a process whose nodes are made up: nobody serves at their
// addresses, so Consul does not check.
func (w *consulWorld) options(t *testing.T) registry.ConsulOptions {
	return registry.ConsulOptions{
		Address: w.agent.Address, Cluster: w.cluster, Shards: registrytest.Shards,
		CheckInterval: -1, Settle: -1, Timeout: 2 * time.Second, Takeover: 5 * time.Second,
		Probe: w.probe, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
	}
}

func (w *consulWorld) probe(_ context.Context, address string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead[address] {
		return errors.New("connection refused")
	}
	return nil
}

func (w *consulWorld) open(t *testing.T, options registry.ConsulOptions) *registry.Consul {
	t.Helper()
	c, err := registry.NewConsul(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (w *consulWorld) Open(t *testing.T) registry.Registry { return w.open(t, w.options(t)) }

// Crash closes the registry, as the end of a process does, and ends the session,
// as its health check does.
func (w *consulWorld) Crash(t *testing.T, r registry.Registry, m registry.Membership) {
	t.Helper()
	w.mu.Lock()
	w.dead[m.Node().Address] = true
	w.mu.Unlock()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	pair, _, err := w.client.KV().Get(w.key("nodes/"+m.Node().ID), nil)
	if err != nil || pair == nil {
		t.Fatalf("%v, %v", pair, err)
	}
	if _, err := w.client.Session().Destroy(pair.Session, nil); err != nil {
		t.Fatal(err)
	}
}

func (w *consulWorld) key(name string) string { return "memactor/" + w.cluster + "/" + name }

func (w *consulWorld) Stop(*testing.T)  { w.agent.Kill() }
func (w *consulWorld) Start(*testing.T) { w.agent.Restart() }

func (w *consulWorld) Restore(t *testing.T, m *shard.Map) {
	t.Helper()
	var err error
	if m == nil {
		_, err = w.client.KV().Delete(w.key("map"), nil)
	} else {
		_, err = w.client.KV().Put(&api.KVPair{Key: w.key("map"), Value: shard.Encode(m)}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *consulWorld) Stored(t *testing.T) *shard.Map {
	t.Helper()
	pair, _, err := w.client.KV().Get(w.key("map"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if pair == nil {
		return nil
	}
	m, err := shard.Decode(pair.Value)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConsulConforms(t *testing.T) {
	agent := registrytest.StartAgent(t, nil)
	registrytest.Run(t, func(t *testing.T) registrytest.World { return newConsulWorld(t, agent) })
}
