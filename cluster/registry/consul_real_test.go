//go:build consul

package registry_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
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

// A node that is killed together with its health check's patience: only the
// session's TTL tells.
func TestConsulSessionExpires(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	watch := w.Open(t).WatchMembers(within(t))
	r := w.Open(t)
	must(r.Join(within(t), shard.Node{ID: "n1", Address: "n1.example:7001"}))(t)
	until(t, watch, "n1", count(1))
	time.Sleep(15 * time.Second) // renewed meanwhile
	select {
	case list := <-watch:
		t.Fatalf("%v", list)
	default:
	}
	started := time.Now()
	ok(t, r.Close())
	until(t, watch, "nobody", count(0))
	t.Logf("missed after %v", time.Since(started))
}

// serveHealth is a node's gRPC port, as far as Consul's check is concerned.
func serveHealth(t *testing.T, address string) (*grpc.Server, string) {
	t.Helper()
	l := must(net.Listen("tcp", address))(t)
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return server, l.Addr().String()
}

// The health check ends the session of a node that does not answer any more, and
// lets it join again, as the same run, when it does.
func TestConsulHealthCheck(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	server, address := serveHealth(t, "127.0.0.1:0")
	options := w.options(t)
	options.CheckInterval = time.Second
	watch := w.Open(t).WatchMembers(within(t))
	m := must(w.open(t, options).Join(within(t), shard.Node{ID: "n1", Address: address}))(t)
	until(t, watch, "n1", count(1))
	time.Sleep(5 * time.Second) // some checks
	select {
	case list := <-watch:
		t.Fatalf("%v, though it is well", list)
	default:
	}
	started := time.Now()
	server.Stop()
	until(t, watch, "nobody", count(0))
	missed := time.Since(started)
	t.Logf("missed after %v, with a check every second", missed)
	if missed < 500*time.Millisecond || missed > 8*time.Second {
		t.Error("one failure is too few, and three are too many")
	}
	time.Sleep(3 * time.Second)
	started = time.Now()
	serveHealth(t, address)
	list := until(t, watch, "n1 again", count(1))
	t.Logf("back after %v", time.Since(started))
	if list[0].Incarnation != m.Node().Incarnation {
		t.Errorf("as incarnation %d, was %d", list[0].Incarnation, m.Node().Incarnation)
	}
}

// In the catalog a node is a service with its address, for DNS and the UI; leaving
// takes it away.
func TestConsulServiceOfANode(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	m := must(w.Open(t).Join(within(t), shard.Node{ID: "n1", Address: "127.0.0.1:7001", Zone: "a"}))(t)
	services := func() int {
		list, _, err := w.client.Health().Service(w.cluster+"-shardnode", "", true, nil)
		ok(t, err)
		for _, s := range list {
			if s.Service.Address != "127.0.0.1" || s.Service.Port != 7001 || s.Service.Meta["zone"] != "a" || s.Service.Meta["node"] != "n1" {
				t.Errorf("%+v", s.Service)
			}
		}
		return len(list)
	}
	if n := services(); n != 1 {
		t.Errorf("%d services", n)
	}
	ok(t, m.Leave(within(t)))
	if n := services(); n != 0 {
		t.Errorf("%d services", n)
	}
}

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

func TestConsulRefusesAnotherShardCount(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	w.founded(t, 1)
	options := w.options(t)
	options.Shards = 2 * registrytest.Shards
	_, err := w.open(t, options).Join(within(t), shard.Node{ID: "n2", Address: "n2.example:7001"})
	if !errors.Is(err, registry.ErrShardCount) {
		t.Error(err)
	}
	t.Log(err)
	options.Shards = 0
	must(w.open(t, options).Join(within(t), shard.Node{ID: "n2", Address: "n2.example:7001"}))(t)
}

// A node that remembers another cluster of this name is refused.
func TestConsulRefusesANodeOfAnotherCluster(t *testing.T) {
	t.Parallel()
	agent := registrytest.StartAgent(t, nil)
	w := newConsulWorld(t, agent)
	path := filepath.Join(t.TempDir(), "map.json")
	options := w.options(t)
	options.Copy = path
	c := w.open(t, options)
	m := must(c.Join(within(t), shard.Node{ID: "n1", Address: "n1.example:7001"}))(t)
	l := must(m.Campaign(within(t)))(t)
	w.advance(t, l, must(l.Load(within(t)))(t), 0)
	for {
		if _, err := os.Stat(path); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	ok(t, m.Leave(within(t)))
	ok(t, c.Close())
	_, err := w.client.KV().DeleteTree("memactor/"+w.cluster+"/", nil)
	ok(t, err)
	w.founded(t, 1) // with n1, and another cluster id
	_, err = w.open(t, options).Join(within(t), shard.Node{ID: "n2", Address: "n2.example:7001"})
	if !errors.Is(err, registry.ErrOtherCluster) {
		t.Error(err)
	}
	t.Log(err)
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

// A node that was replaced while it was cut off from Consul notices when it is
// back, and does not take its place again.
func TestConsulReplacedNodeNotices(t *testing.T) {
	t.Parallel()
	agent := registrytest.StartAgent(t, nil)
	w := newConsulWorld(t, agent)
	options, way := w.options(t), newWay(t, agent)
	options.Address = way.address
	first := must(w.open(t, options).Join(within(t), shard.Node{ID: "n1", Address: "n1.example:7001"}))(t)
	way.cut.Store(true)
	w.mu.Lock()
	w.dead["n1.example:7001"] = true
	w.mu.Unlock()
	pair := must(get(w, "nodes/n1"))(t)
	_, err := w.client.Session().Destroy(pair.Session, nil)
	ok(t, err)
	second := must(w.Open(t).Join(within(t), shard.Node{ID: "n1", Address: "elsewhere.example:7001"}))(t)
	way.cut.Store(false)
	select {
	case <-first.Lost():
	case <-time.After(patience):
		t.Fatal("two runs of one node")
	}
	list := until(t, w.Open(t).WatchMembers(within(t)), "n1", count(1))
	if list[0] != second.Node() {
		t.Error(list)
	}
	ok(t, first.Leave(within(t))) // leaves the second alone
	if pair := must(get(w, "nodes/n1"))(t); pair == nil {
		t.Error("the second is gone")
	}
}

// A coordinator that is cut off from Consul only is followed by another, and
// commits nothing when it is back.
func TestConsulIsolatedCoordinator(t *testing.T) {
	t.Parallel()
	agent := registrytest.StartAgent(t, nil)
	w := newConsulWorld(t, agent)
	options, way := w.options(t), newWay(t, agent)
	options.Address = way.address
	c := w.open(t, options)
	m := must(c.Join(within(t), shard.Node{ID: "n1", Address: "n1.example:7001"}))(t)
	l := must(m.Campaign(within(t)))(t)
	first := w.advance(t, l, must(l.Load(within(t)))(t), 0)
	way.cut.Store(true)
	m2 := must(w.Open(t).Join(within(t), shard.Node{ID: "n2", Address: "n2.example:7001"}))(t)
	started := time.Now()
	l2 := must(m2.Campaign(within(t)))(t)
	t.Logf("followed after %v", time.Since(started))
	second := w.advance(t, l2, must(l2.Load(within(t)))(t), 1)
	way.cut.Store(false)
	if err := l.Commit(within(t), shard.Plan(first, nil, 1000)); !errors.Is(err, registry.ErrFenced) {
		t.Error(err)
	}
	<-l.Lost()
	if got := w.Stored(t); !got.Equal(second) {
		t.Error(got)
	}
	until(t, c.WatchMap(within(t)), "the other's map", atLeast(second.Version()))
	until(t, c.WatchMembers(within(t)), "both", count(2))
}

// get is the pair at one of the cluster's keys; nil: none.
func get(w *consulWorld, name string) (*api.KVPair, error) {
	pair, _, err := w.client.KV().Get(w.key(name), nil)
	return pair, err
}

// Gateways are services with a check of their own, and are seen as what they say.
func TestConsulAnnounce(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	c := w.open(t, w.options(t))
	ready := make(chan error, 1)
	ready <- errors.New("no map yet")
	a := must(c.Announce(registry.Gateway{ID: "g1", Address: "127.0.0.1:11211", Ready: func() error {
		err := <-ready
		ready <- err
		return err
	}}))(t)
	seen := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			list := must(c.Gateways(within(t)))(t)
			if len(list) == 1 && list[0].Status == want && list[0].ID == "g1" && list[0].Address == "127.0.0.1:11211" {
				return
			}
			if want == "" && len(list) == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%v, want %s", list, want)
			}
		}
	}
	seen("critical")
	<-ready
	ready <- nil
	seen("passing")
	w.agent.RestartEmpty()
	seen("passing")
	ok(t, a.Withdraw(within(t)))
	ok(t, a.Withdraw(within(t)))
	seen("")
}

// Who coordinates is there to be asked for.
func TestConsulCoordinator(t *testing.T) {
	t.Parallel()
	w := newConsulWorld(t, registrytest.StartAgent(t, nil))
	c, l, _ := w.founded(t, 0)
	if id := must(c.Coordinator(within(t)))(t); id != "n1" {
		t.Error(id)
	}
	ok(t, l.Resign(within(t)))
	if id := must(c.Coordinator(within(t)))(t); id != "" {
		t.Error(id)
	}
}
