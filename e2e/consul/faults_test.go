package consul

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

// Consul comes back and knows nothing: no services, no sessions, no map. The
// members join again as they were, and the map is there again as it was.
func TestConsulComesBackEmpty(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	first, l, table := w.founded(t, 5)
	second := w.open(t, w.options(t))
	m2 := must(second.Join(within(t), shard.Node{ID: "n2", Address: "n2.example:7001"}))(t)
	gateway := w.open(t, w.options(t)).WatchMap(within(t))
	until(t, gateway, "the map", atLeast(5))
	before := until(t, second.WatchMembers(within(t)), "both", count(2))
	started := time.Now()
	w.agent.RestartEmpty()
	<-l.Lost()
	l2 := must(m2.Campaign(within(t)))(t)
	loaded := must(l2.Load(within(t)))(t)
	if !loaded.Equal(table) || !w.Stored(t).Equal(table) {
		t.Errorf("loaded %v, stored %v, before %v", loaded, w.Stored(t), table)
	}
	if l2.Disturbed().Before(started) {
		t.Error("nothing was noticed")
	}
	after := until(t, w.Open(t).WatchMembers(within(t)), "both", count(2))
	t.Logf("all is back %v after the agent was killed", time.Since(started))
	for i := range after {
		if after[i] != before[i] {
			t.Errorf("%v, was %v", after[i], before[i])
		}
	}
	w.advance(t, l2, loaded, 7)
	until(t, gateway, "a newer map", atLeast(6))
	_ = first
}

// The coordinator is new and knows no map; another member does. The cluster goes
// on where it was, and is not founded anew.
func TestConsulRecoversTheMapFromAnotherMember(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	_, l, table := w.founded(t, 5)
	ok(t, l.Resign(within(t)))
	w.Restore(t, nil)
	options := w.options(t)
	options.Settle = 0 // the default
	m := must(w.open(t, options).Join(within(t), shard.Node{ID: "n9", Address: "n9.example:7001"}))(t)
	l9 := must(m.Campaign(within(t)))(t)
	loaded := must(l9.Load(within(t)))(t)
	if !loaded.Equal(table) || !w.Stored(t).Equal(table) {
		t.Errorf("loaded %v, stored %v, before %v", loaded, w.Stored(t), table)
	}
	if pair, _, err := w.client.KV().Get(w.key("map-recovered"), nil); err != nil || pair != nil {
		t.Errorf("left behind: %v, %v", pair, err)
	}
}

// The same with an older map, which the new coordinator cannot tell from the
// newest: it is told.
func TestConsulRecoversFromAnOldSnapshot(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	_, l, table := w.founded(t, 2)
	old := table
	for i := range 3 {
		table = w.advance(t, l, table, i)
	}
	ok(t, l.Resign(within(t)))
	w.Restore(t, old)
	c := w.open(t, w.options(t))
	m := must(c.Join(within(t), shard.Node{ID: "n9", Address: "n9.example:7001"}))(t)
	l9 := must(m.Campaign(within(t)))(t)
	loaded := must(l9.Load(within(t)))(t)
	for !loaded.Equal(table) {
		select {
		case <-l9.Changed():
			loaded = must(l9.Load(within(t)))(t)
		case <-time.After(patience):
			t.Fatalf("loaded %v, before %v", loaded, table)
		}
	}
	until(t, c.WatchMap(within(t)), "the map", func(m *shard.Map) bool { return m.Equal(table) })
}

// And with an older map on top of which the new coordinator has planned already,
// beyond the version that the others know: nobody takes that, and what becomes of
// both has the owners that the others still act on.
func TestConsulRecoversFromAFork(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	first, l, table := w.founded(t, 1)
	old := table
	for i := range 2 {
		table = w.advance(t, l, table, i+1)
	}
	ok(t, l.Resign(within(t)))
	watch := first.WatchMap(within(t))
	until(t, watch, "the newest", func(m *shard.Map) bool { return m.Equal(table) })
	w.Restore(t, old)
	c := w.open(t, w.options(t))
	m := must(c.Join(within(t), shard.Node{ID: "n9", Address: "n9.example:7001"}))(t)
	l9 := must(m.Campaign(within(t)))(t)
	forked := must(l9.Load(within(t)))(t)
	nodes := append(old.Nodes(), shard.Node{ID: "z"})
	for i := range 4 { // x keeps shards under the epoch that it had in the old map
		forked = shard.Plan(forked, nodes[:3-i%2], 1000)
		ok(t, l9.Commit(within(t), forked))
	}
	if forked.Version() <= table.Version() || forked.Descends(table) {
		t.Fatalf("%v is no fork of %v", forked, table)
	}
	loaded := forked
	for !loaded.Descends(table) {
		select {
		case <-l9.Changed():
			loaded = must(l9.Load(within(t)))(t)
		case <-time.After(patience):
			t.Fatalf("loaded %v, before %v", loaded, table)
		}
	}
	got := until(t, watch, "what became of both", func(*shard.Map) bool { return true })
	if !got.Equal(loaded) || shard.Moves(table, got) != 0 {
		t.Errorf("%v, loaded %v, and %d moves", got, loaded, shard.Moves(table, got))
	}
}

// Somebody deletes everything that the cluster has in Consul.
func TestConsulAllKeysDeleted(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	c, l, table := w.founded(t, 3)
	watch := c.WatchMembers(within(t))
	until(t, watch, "n1", count(1))
	_, err := w.client.KV().DeleteTree("memactor/"+w.cluster+"/", nil)
	ok(t, err)
	<-l.Lost()
	until(t, watch, "n1 again", count(1))
	m := until(t, c.WatchMap(within(t)), "the map", atLeast(3))
	if !m.Equal(table) {
		t.Error(m)
	}
}

// An agent that hangs costs a call its time-out, and nothing else.
func TestConsulHangs(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	c, l, table := w.founded(t, 1)
	w.agent.Pause()
	started := time.Now()
	next := shard.Plan(table, []shard.Node{{ID: "n1"}}, 1000)
	if err := l.Commit(within(t), next); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("commit: %v", err)
	}
	if err := c.Drain(within(t), "n1"); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("drain: %v", err)
	}
	if took := time.Since(started); took > 6*time.Second {
		t.Errorf("two calls with a time-out of 2 s took %v", took)
	}
	if m := <-c.WatchMap(within(t)); !m.Equal(table) {
		t.Error(m)
	}
	w.agent.Resume()
	for {
		loaded, err := l.Load(within(t)) // the commit may come through yet
		if err == nil {
			err = l.Commit(within(t), shard.Plan(loaded, []shard.Node{{ID: "n7"}}, 1000))
		}
		if err == nil {
			break
		}
		if time.Since(started) > patience {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	ok(t, c.Close())
}

// A gateway starts with its copy while Consul is down, and follows when it is back.
func TestConsulStartWithoutConsul(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	path := filepath.Join(t.TempDir(), "map.json")
	options := w.options(t)
	options.Copy = path
	c := w.open(t, options)
	m := must(c.Join(within(t), shard.Node{ID: "n1", Address: "n1.example:7001"}))(t)
	l := must(m.Campaign(within(t)))(t)
	table := w.advance(t, l, must(l.Load(within(t)))(t), 0)
	for {
		if _, err := os.Stat(path); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.agent.Kill()
	other := filepath.Join(t.TempDir(), "map.json")
	ok(t, os.WriteFile(other, must(os.ReadFile(path))(t), 0o600))
	options.Copy = other
	gateway := w.open(t, options).WatchMap(within(t))
	if got := <-gateway; !got.Equal(table) {
		t.Error(got)
	}
	w.agent.Restart()
	for {
		loaded, err := l.Load(within(t))
		if err == nil {
			table = w.advance(t, l, loaded, 1)
			break
		}
		if errors.Is(err, registry.ErrFenced) {
			l = must(m.Campaign(within(t)))(t)
		}
		time.Sleep(100 * time.Millisecond)
	}
	until(t, gateway, "the next map", atLeast(table.Version()))
}
