package cluster

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Nodes join, leave by SIGTERM, the coordinator too, and start again under their id:
// no command fails.
func TestNodesJoinAndLeave(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.StartNode(t, "n4")
	s.await(t, "n4 owns shards", owned("n1", "n2", "n3", "n4"))
	s.pass(time.Second)
	first := s.coordinator(t)
	s.Node(t, first).Stop(t)
	rest := slices.DeleteFunc([]string{"n1", "n2", "n3", "n4"}, func(id string) bool { return id == first })
	s.await(t, first+" has left", owned(rest...))
	s.pass(time.Second)
	s.Node(t, first).Restart(t)
	s.await(t, first+" is back", owned("n1", "n2", "n3", "n4"))
	s.pass(time.Second)
	if second := s.coordinator(t); second == first {
		t.Errorf("%s is the coordinator although it has left", first)
	}
	s.Node(t, "n4").Stop(t)
	s.await(t, "n4 has left", owned("n1", "n2", "n3"))
	s.pass(time.Second)
	s.endWithoutFailure(t)
}

// A node that is killed is missed, whether it is the coordinator or not, and taken
// in again as a new run.
func TestNodesAreKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	coordinator := s.coordinator(t)
	other := s.Nodes[0].ID
	if other == coordinator {
		other = s.Nodes[1].ID
	}
	for _, victim := range []string{other, coordinator} {
		rest := slices.DeleteFunc([]string{"n1", "n2", "n3"}, func(id string) bool { return id == victim })
		s.Node(t, victim).Kill(t)
		killed := time.Now()
		s.await(t, victim+" is missed", owned(rest...))
		s.served(t)
		t.Logf("%s (coordinator: %v): every key was served again after %v", victim, victim == coordinator, time.Since(killed))
		s.Node(t, victim).Restart(t)
		s.await(t, victim+" is back", owned("n1", "n2", "n3"))
	}
	calm := s.calm(t)
	failures(t, s.end(t), calm)
}

// A node that is killed and started again before it is missed has lost what it
// held, and says so by a new epoch.
func TestNodeIsKilledAndStartsAgainAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.newest()
	n := s.Node(t, "n2")
	n.Kill(t)
	n.Restart(t)
	after := s.await(t, "n2 is there as a new run", func(m *shard.Map) bool {
		i, j := before.Find("n2"), m.Find("n2")
		return j >= 0 && m.NodeAt(j).Incarnation > before.NodeAt(i).Incarnation && owned("n1", "n2", "n3")(m)
	})
	calm := s.calm(t)
	if shard.Moves(before, after) != 0 {
		t.Errorf("%d shards have moved", shard.Moves(before, after))
	}
	failures(t, s.end(t), calm)
}

// A node that stands still loses its shards. When it goes on it finds that out; until
// then it may answer with what it had, but only whoever has not heard either.
func TestNodeStandsStill(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	n := s.Node(t, "n3")
	client, _ := n.Client(t)
	old := s.newest()
	key := s.keyOf(t, old, "n3")
	n.Pause(t)
	s.await(t, "n3 is missed", owned("n1", "n2"))
	s.served(t)
	n.Resume(t)
	// To a stranger who has the old map it must say moved as soon as it has the new.
	ask := &shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte(key), Epoch: old.Epoch(old.Of([]byte(key)))}
	harness.Eventually(t, patience, "n3 answers moved for the old epoch", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		answer, err := client.Ask(ctx, &shardv1.AskRequest{Envelope: ask})
		return err == nil && answer.GetReply().GetStatus() == shardv1.Status_STATUS_MOVED
	})
	s.await(t, "n3 is back", owned("n1", "n2", "n3"))
	calm := s.calm(t)
	failures(t, s.end(t), calm)
}

// keyOf is one of the clients' keys that a node owns.
func (s *scene) keyOf(t *testing.T, m *shard.Map, id string) string {
	t.Helper()
	for _, key := range s.keys {
		if owner, _ := m.Owner(m.Of([]byte(key))); owner.ID == id {
			return key
		}
	}
	t.Fatalf("%s owns none of the keys", id)
	return ""
}

// The check would notice a move that was not one: without the moves that there
// were, the same history is wrong.
func TestPlantedLoss(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.StartNode(t, "n4")
	s.await(t, "n4 owns shards", owned("n1", "n2", "n3", "n4"))
	s.pass(time.Second)
	h := s.load.Stop()
	s.stop()
	s.check(t, h)
	none := func(string) []consistency.Move { return nil }
	if err := h.Check(consistency.Rules{Moves: none}); err == nil {
		t.Error("entries were lost, and nothing was noticed")
	}
}
