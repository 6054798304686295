package consul

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

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
