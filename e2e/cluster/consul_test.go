package cluster

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/e2e/harness"
)

// same waits until the stored map is what it was before, in owners and epochs, and
// everybody is a member again.
func (s *scene) same(t *testing.T, before *shard.Map) {
	t.Helper()
	harness.Eventually(t, patience, "all are members again", func() bool {
		now, err := s.consul.Snapshot(t.Context())
		return err == nil && len(now.Members) == len(s.Nodes) && now.Map != nil && now.Coordinator != ""
	})
	s.pass(12 * time.Second) // longer than the coordinator's grace
	now, err := s.consul.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !now.Map.Equal(before) {
		t.Errorf("%v instead of %v; %d shards have moved", now.Map, before, shard.Moves(before, now.Map))
	}
}

// Consul is killed, and comes back as one that knows nothing. Meanwhile a gateway is
// started. Nothing moves, and no command fails.
func TestConsulComesBackEmpty(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.newest()
	// A gateway of before, whose copy of the map is on its disk.
	late := s.StartGateway(t, "late")
	late.WaitReady(t, late.Admin)
	late.Stop(t)
	s.servers[0].Kill()
	late.Restart(t)
	late.WaitReady(t, late.Admin)
	harness.Dial(t, late.Address).Expect(t, "set late 0 0 1\r\nx\r\n", "STORED\r\n")
	s.pass(5 * time.Second)
	s.servers[0].RestartEmpty()
	s.same(t, before)
	s.StartNode(t, "n4")
	s.await(t, "n4 owns shards", owned("n1", "n2", "n3", "n4"))
	s.pass(time.Second)
	s.endWithoutFailure(t)
}

// Consul is killed and started again with what it had.
func TestConsulRestarts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.newest()
	s.servers[0].Kill()
	s.pass(15 * time.Second) // longer than a session lasts
	s.servers[0].Restart()
	s.same(t, before)
	s.pass(6 * time.Second) // as long as members may come and go
	s.same(t, before)
	s.Node(t, "n2").Stop(t)
	s.await(t, "n2 has left", owned("n1", "n3"))
	s.pass(time.Second)
	s.endWithoutFailure(t)
}

// Consul is restored from a snapshot of before a node joined and another was started
// again. What the nodes know is newer, and stays.
func TestConsulIsRestored(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	client, err := api.NewClient(&api.Config{Address: s.servers[0].Address})
	if err != nil {
		t.Fatal(err)
	}
	snapshot := save(t, client)
	s.StartNode(t, "n4")
	s.await(t, "n4 owns shards", owned("n1", "n2", "n3", "n4"))
	n := s.Node(t, "n2")
	n.Stop(t)
	s.await(t, "n2 has left", owned("n1", "n3", "n4"))
	n.Restart(t)
	before := s.await(t, "n2 is back", owned("n1", "n2", "n3", "n4"))
	s.pass(time.Second)
	if err := client.Snapshot().Restore(nil, bytes.NewReader(snapshot)); err != nil {
		t.Fatal(err)
	}
	s.same(t, before)
	s.endWithoutFailure(t)
}

func save(t *testing.T, client *api.Client) []byte {
	t.Helper()
	archive, _, err := client.Snapshot().Save(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	snapshot, err := io.ReadAll(archive)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// Of three servers the leader is killed, which is no process's own agent; the others
// elect another. The cluster does not notice. Then a node's own agent is killed: to
// Consul that machine is gone, and so is the node until its agent is back. Whoever is
// cut off from Consul with it goes on by the old map, and no command fails.
func TestConsulServersAreKilled(t *testing.T) {
	t.Parallel()
	servers := registrytest.StartServers(t, 3)
	leader := registrytest.Leader(servers)
	if leader == nil {
		t.Fatal("no leader")
	}
	agents := slices.DeleteFunc(slices.Clone(servers), func(a *registrytest.Agent) bool { return a == leader })
	s := newScene(t, agents...) // n1 and n3 through the first, n2 through the second
	before := s.newest()
	leader.Kill()
	harness.Eventually(t, patience, "another leader", func() bool {
		now := registrytest.Leader(servers)
		return now != nil && now != leader
	})
	s.same(t, before)
	leader.Restart()
	s.same(t, before)
	agents[1].Kill() // that of the first gateway, too: it will not hear of the map
	harness.Eventually(t, patience, "n2 is missed", func() bool { return owned("n1", "n3")(s.newest()) })
	s.pass(time.Second)
	agents[1].Restart()
	s.await(t, "n2 is back", owned("n1", "n2", "n3"))
	s.pass(time.Second)
	s.endWithoutFailure(t)
}
