package registry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

func static(t *testing.T, list ...string) *registry.Static {
	t.Helper()
	nodes, err := registry.ParseNodes(list)
	if err != nil {
		t.Fatal(err)
	}
	s, err := registry.NewStatic(nodes, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Every process plans the same, in whatever order its configuration lists nodes.
func TestStaticMap(t *testing.T) {
	a := <-static(t, "n1=127.0.0.1:7001", "n2=127.0.0.1:7002").WatchMap(t.Context())
	b := <-static(t, "n2=127.0.0.1:7002", "n1=127.0.0.1:7001").WatchMap(t.Context())
	if !a.Equal(b) {
		t.Errorf("%v and %v", a, b)
	}
	if a.Version() != 1 || a.ClusterID() != "static" || a.Len() != shard.DefaultShards || !a.Complete() {
		t.Error(a)
	}
	for id := range shard.ID(a.Len()) {
		if a.Epoch(id) != 0 {
			t.Fatalf("shard %d has epoch %d", id, a.Epoch(id))
		}
	}
}

func TestStaticRefuses(t *testing.T) {
	a := shard.Node{ID: "a", Address: "x:1"}
	for name, test := range map[string]struct {
		nodes  []shard.Node
		shards int
		want   error
	}{
		"nobody":       {nil, 0, registry.ErrUnknownNode},
		"two of one":   {[]shard.Node{a, a}, 0, registry.ErrDuplicate},
		"a bad id":     {[]shard.Node{{ID: "a b"}}, 0, shard.ErrNode},
		"three shards": {[]shard.Node{a}, 3, shard.ErrShards},
	} {
		if _, err := registry.NewStatic(test.nodes, test.shards); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStaticMembership(t *testing.T) {
	s := static(t, "n1=127.0.0.1:7001", "n2=127.0.0.1:7002")
	if _, err := s.Join(t.Context(), shard.Node{ID: "n3"}); !errors.Is(err, registry.ErrUnknownNode) {
		t.Error(err)
	}
	m, err := s.Join(t.Context(), shard.Node{ID: "n2", Address: "0.0.0.0:7002"})
	if err != nil || m.Node().Address != "127.0.0.1:7002" {
		t.Error(m, err)
	}
	if list := <-s.WatchMembers(t.Context()); len(list) != 2 || list[1] != m.Node() {
		t.Error(list)
	}
	if err := s.Drain(t.Context(), "n2"); err == nil {
		t.Error("drained")
	}
}

// Nobody is elected, and a coordinator that stands by can still be stopped.
func TestStaticCampaign(t *testing.T) {
	s := static(t, "n1=127.0.0.1:7001")
	m, err := s.Join(t.Context(), shard.Node{ID: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := m.Campaign(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	for range 2 {
		if err := m.Leave(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := m.Campaign(t.Context()); !errors.Is(err, registry.ErrLost) {
		t.Error(err)
	}
}

func TestStaticClose(t *testing.T) {
	s := static(t, "n1=127.0.0.1:7001")
	maps := s.WatchMap(t.Context())
	<-maps
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if m, ok := <-maps; ok {
		t.Error(m)
	}
}

func TestParseNodesOfAList(t *testing.T) {
	got, err := registry.ParseNodes([]string{"n1=127.0.0.1:7001", "n2=[::1]:7002"})
	if err != nil || len(got) != 2 || got[0] != (shard.Node{ID: "n1", Address: "127.0.0.1:7001"}) || got[1].Address != "[::1]:7002" {
		t.Error(got, err)
	}
	for _, bad := range []string{"", "n1", "=127.0.0.1:1", "n1=", "n1=host", "n 1=host:1", "n1=::1:1"} {
		if got, err := registry.ParseNodes([]string{bad}); !errors.Is(err, shard.ErrNode) {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}
