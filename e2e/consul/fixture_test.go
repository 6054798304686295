package consul

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// patience is how long anything here may take.
const patience = 60 * time.Second

// within is a context for one test.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until receives until a value is as wanted.
func until[T any](t *testing.T, from <-chan T, what string, wanted func(T) bool) T {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case value, ok := <-from:
			if !ok {
				t.Fatalf("%s: the watch has ended", what)
			}
			if wanted(value) {
				return value
			}
		case <-timeout:
			t.Fatalf("%s: not in %v", what, patience)
		}
	}
}

func count(n int) func([]shard.Node) bool {
	return func(list []shard.Node) bool { return len(list) == n }
}

func atLeast(version uint64) func(*shard.Map) bool {
	return func(m *shard.Map) bool { return m.Version() >= version }
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// founded is a cluster with one node, which coordinates, and a map of n versions.
func (w *consulWorld) founded(t *testing.T, n int) (*registry.Consul, registry.Leadership, *shard.Map) {
	t.Helper()
	c := w.open(t, w.options(t))
	m := must(c.Join(within(t), shard.Node{ID: "n1", Address: "n1.example:7001"}))(t)
	l := must(m.Campaign(within(t)))(t)
	table := must(l.Load(within(t)))(t)
	for i := range n {
		table = w.advance(t, l, table, i)
	}
	return c, l, table
}

func (w *consulWorld) advance(t *testing.T, l registry.Leadership, last *shard.Map, i int) *shard.Map {
	t.Helper()
	next := shard.Plan(last, []shard.Node{{ID: "n1", Address: "n1.example:7001"}, {ID: []string{"x", "y"}[i%2], Address: "x:1"}}, 1000)
	ok(t, l.Commit(within(t), next))
	return next
}

// get is the pair at one of the cluster's keys; nil: none.
func get(w *consulWorld, name string) (*api.KVPair, error) {
	pair, _, err := w.client.KV().Get(w.key(name), nil)
	return pair, err
}
