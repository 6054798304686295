package consul

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

func TestConsulSnapshot(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	outsider := w.open(t, w.options(t))
	if s := must(outsider.Snapshot(within(t)))(t); s.Map != nil || len(s.Members) != 0 || s.Coordinator != "" {
		t.Errorf("of nothing: %v", s)
	}
	if names := must(outsider.Clusters(within(t)))(t); len(names) != 0 {
		t.Errorf("clusters %q", names)
	}
	_, l, table := w.founded(t, 2)
	s := must(outsider.Snapshot(within(t)))(t)
	if !s.Map.Equal(table) || len(s.Members) != 1 || s.Members[0].ID != "n1" || s.Coordinator != "n1" {
		t.Errorf("of %v: %v", table, s)
	}
	ok(t, l.Resign(within(t)))
	if s := must(outsider.Snapshot(within(t)))(t); s.Coordinator != "" {
		t.Errorf("coordinator %q has resigned", s.Coordinator)
	}
	if names := must(outsider.Clusters(within(t)))(t); !slices.Equal(names, []string{w.cluster}) {
		t.Errorf("clusters %q", names)
	}
	_, err := w.client.KV().Put(&api.KVPair{Key: w.key("map"), Value: []byte("{")}, nil)
	ok(t, err)
	if s, err := outsider.Snapshot(within(t)); !errors.Is(err, shard.ErrMap) {
		t.Errorf("of a map that cannot be read: %v, %v", s, err)
	}
	w.agent.Kill()
	if s, err := outsider.Snapshot(within(t)); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("without Consul: %v, %v", s, err)
	}
}

// Of all who order the last two nodes to drain at once, some are refused: one node
// stays live.
func TestConsulDrainsAtOnce(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	for _, id := range []string{"n1", "n2"} {
		must(w.open(t, w.options(t)).Join(within(t), shard.Node{ID: id, Address: id + ".example:7001"}))(t)
	}
	var group sync.WaitGroup
	results := make(chan error, 8)
	for i := range cap(results) {
		c := w.open(t, w.options(t))
		group.Go(func() { results <- c.Drain(within(t), []string{"n1", "n2"}[i%2]) })
	}
	group.Wait()
	close(results)
	refused := 0
	for err := range results {
		if errors.Is(err, registry.ErrLastNode) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != cap(results)/2 {
		t.Errorf("%d of %d were refused", refused, cap(results))
	}
	live := 0
	for _, n := range must(w.open(t, w.options(t)).Snapshot(within(t)))(t).Members {
		if n.State == shard.Live {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d live nodes", live)
	}
}
