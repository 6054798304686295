package cluster

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/cluster/shardpb"
	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

const (
	// patience bounds every wait here.
	patience = 60 * time.Second
	// commandTimeout is the gateways' setting, and slack for a busy machine.
	commandTimeout = 2 * time.Second
	slack          = 4 * time.Second
	// shards are few, so that looking at maps costs little.
	shards = 64
)

// scene is a cluster in Consul under load, and its observer.
type scene struct {
	*harness.Cluster
	servers []*registrytest.Agent
	load    *consistency.Running
	*observer
	keys []string
}

// newScene starts three nodes and two gateways around servers, and clients of both
// gateways that work on the same keys.
func newScene(t *testing.T, servers ...*registrytest.Agent) *scene {
	t.Helper()
	if len(servers) == 0 {
		servers = append(servers, registrytest.StartAgent(t, nil))
	}
	options := harness.ClusterOptions{
		Nodes: 3, Gateways: 2, NodeArgs: []string{"--shards", fmt.Sprint(shards)},
		GatewayArgs: []string{"--timeout", commandTimeout.String()},
	}
	for _, agent := range servers {
		options.Consul = append(options.Consul, agent.Address)
	}
	s := &scene{Cluster: harness.StartCluster(t, options), servers: servers, keys: []string{consistency.Counter("1"), consistency.Counter("2")}}
	for i := range 60 {
		s.keys = append(s.keys, fmt.Sprintf("key-%d", i))
	}
	awaitOwners(t, s.Cluster, "n1", "n2", "n3")
	s.load = consistency.Load{
		Addresses: []string{s.Gateways[0].Address, s.Gateways[1].Address}, Keys: s.keys,
		Patience: commandTimeout + slack, Pause: 15 * time.Millisecond,
	}.Start()
	s.observer = observe(t, servers[0].Address, s.Cluster, s.load.Now)
	s.pass(time.Second)
	return s
}

// awaitOwners waits until the first node acts on a map in which these nodes own
// shards, and the gateways on the same.
func awaitOwners(t *testing.T, c *harness.Cluster, ids ...string) {
	t.Helper()
	client, _ := c.Nodes[0].Client(t)
	harness.Eventually(t, patience, fmt.Sprint(ids, " own shards"), func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		answer, err := client.GetShardMap(ctx, &shardv1.GetShardMapRequest{})
		if err != nil {
			return false
		}
		m, err := shardpb.Decode(answer.GetMap())
		return err == nil && owned(ids...)(m) && !slices.ContainsFunc(c.Gateways, func(g *harness.Gateway) bool {
			return mapVersion(g.Out.String()) < m.Version()
		})
	})
}

// pass lets the clients work for a while.
func (s *scene) pass(d time.Duration) { time.Sleep(d) }

// end stops the clients and checks what they were answered.
func (s *scene) end(t *testing.T) *consistency.History {
	t.Helper()
	h := s.load.Stop()
	s.stop()
	s.check(t, h)
	if late := h.Slowest(); late.Return-late.Call > commandTimeout+slack {
		t.Errorf("an operation was answered after %v: %v", late.Return-late.Call, late)
	}
	t.Logf("slowest %v; errors %v", h.Slowest().Return-h.Slowest().Call, h.Messages())
	return h
}

// endWithoutFailure is end where no command may have failed.
func (s *scene) endWithoutFailure(t *testing.T) {
	t.Helper()
	h := s.end(t)
	if failed := len(h.Operations) - h.Count(consistency.Done); failed > 0 || h.Broken > 0 {
		t.Errorf("%d commands failed, %d connections broke: %v", failed, h.Broken, h.Messages())
	}
}

// served waits until every key can be stored and read through every gateway.
func (s *scene) served(t *testing.T) {
	t.Helper()
	for _, g := range s.Gateways {
		conn := harness.Dial(t, g.Address)
		for i := range 4 * shards { // most shards have one of them
			key := fmt.Sprintf("probe-%d", i)
			harness.Eventually(t, patience, key+" is served", func() bool {
				return conn.Do(t, "set "+key+" 0 0 1\r\nx\r\n") == "STORED\r\n" &&
					conn.Do(t, "get "+key+"\r\n") == "VALUE "+key+" 0 1\r\nx\r\nEND\r\n"
			})
		}
	}
}

// calm sees to it that from now on nothing fails.
func (s *scene) calm(t *testing.T) (since time.Duration) {
	t.Helper()
	s.served(t)
	since = s.load.Now()
	s.pass(time.Second)
	return since
}

// failures are those of the history since a moment.
func failures(t *testing.T, h *consistency.History, since time.Duration) {
	t.Helper()
	after := h.Since(since)
	if failed := len(after.Operations) - after.Count(consistency.Done); failed > 0 || len(after.Operations) == 0 {
		t.Errorf("when all was well again %d of %d operations failed: %v", failed, len(after.Operations), after.Messages())
	}
}

// owned says whether exactly these nodes own shards, and every shard has an owner.
func owned(ids ...string) func(m *shard.Map) bool {
	return func(m *shard.Map) bool {
		counts, none := m.Counts()
		for i, n := range counts {
			if n > 0 != slices.Contains(ids, m.NodeAt(i).ID) {
				return false
			}
		}
		return none == 0 && owners(counts) == len(ids)
	}
}

func owners(counts []int) (n int) {
	for _, c := range counts {
		n += min(c, 1)
	}
	return n
}
