package shardnode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a node that runs until it is stopped.
type running struct {
	t      testing.TB
	p      daemon.Process
	cfg    Config
	cancel context.CancelFunc
	done   chan error
}

func start(t testing.TB, cfg Config, reg registry.Registry) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t, daemon.NewTestProcess("shardnode", zerolog.Nop()), cfg, cancel, make(chan error, 1)}
	go func() { r.done <- Run(ctx, r.p, cfg, reg) }()
	t.Cleanup(cancel)
	return r
}

// config is the configuration of a test's node, on a free port.
func config(t testing.TB, id string) Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	cfg := Default()
	cfg.ID, cfg.GRPC, cfg.Memory = id, l.Addr().String(), 16*daemon.MiB
	return cfg
}

func (r *running) awaitReady() {
	r.t.Helper()
	eventually(r.t, "ready", func() bool { return r.p.Ready.Err() == nil })
}

// stop is SIGTERM: the node ends without an error, in time.
func (r *running) stop() {
	r.t.Helper()
	r.cancel()
	r.ended(nil)
}

func (r *running) ended(want error) {
	r.t.Helper()
	select {
	case err := <-r.done:
		if !errors.Is(err, want) {
			r.t.Fatalf("run ended with %v, want %v", err, want)
		}
	case <-time.After(15 * time.Second):
		r.t.Fatal("run has not ended")
	}
}

func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// connect is a client that follows maps.
func connect(t testing.TB, maps client.Maps) *client.Client {
	t.Helper()
	c := client.New(maps)
	t.Cleanup(func() { _ = c.Close() })
	if err := c.WaitReady(within(t)); err != nil {
		t.Fatal(err)
	}
	return c
}

func fixed(t testing.TB, nodes ...Config) *registry.Static {
	t.Helper()
	var all []shard.Node
	for _, cfg := range nodes {
		all = append(all, shard.Node{ID: cfg.ID, Address: cfg.GRPC})
	}
	reg, err := registry.NewStatic(all, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	return reg
}

func memory(t testing.TB) *registry.Memory {
	t.Helper()
	reg, err := registry.NewMemory(registry.MemoryOptions{Shards: 64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	return reg
}

// use stores and reads keys, as many as it takes to meet every node.
func use(t testing.TB, c *client.Client, prefix string) {
	t.Helper()
	for i := range 200 {
		key := fmt.Sprint(prefix, i)
		if err := c.Set(within(t), &client.Item{Key: key, Value: []byte(key)}); err != nil {
			t.Fatal(err)
		}
		if item, err := c.Get(within(t), key); err != nil || string(item.Value) != key {
			t.Fatalf("%s: %q, %v", key, item.Value, err)
		}
	}
}

func TestNodeAlone(t *testing.T) {
	cfg := config(t, "n1")
	n := start(t, cfg, nil)
	n.awaitReady()
	c := connect(t, fixed(t, cfg))
	use(t, c, "k")
	_ = c.Close()
	n.stop()
	if err := n.p.Ready.Err(); err != nil {
		t.Logf("ready says %v", err)
	}
}

func TestStaticCluster(t *testing.T) {
	a, b := config(t, "a"), config(t, "b")
	reg := fixed(t, a, b)
	na, nb := start(t, a, reg), start(t, b, reg)
	na.awaitReady()
	nb.awaitReady()
	c := connect(t, reg)
	use(t, c, "k")
	stats, err := c.Stats(within(t), "")
	if err != nil || len(stats) != 2 {
		t.Fatalf("%v, %v", stats, err)
	}
	for _, n := range stats {
		for _, s := range n.Stats {
			if s.GetName() == "curr_items" && (s.GetValue() == "0" || s.GetValue() == "200") {
				t.Errorf("node %s has %s items", n.Node.ID, s.GetValue())
			}
		}
	}
	na.stop()
	nb.stop()
}

// Nodes join and leave while a client stores: no command fails.
func TestNodesComeAndGo(t *testing.T) {
	reg := memory(t)
	first := start(t, config(t, "n1"), reg)
	first.awaitReady()
	c := connect(t, reg)
	var stop atomic.Bool
	commands := make(chan error, 4)
	for w := range 4 {
		go func() {
			var err error
			for i := 0; err == nil && !stop.Load(); i++ {
				err = c.Set(context.Background(), &client.Item{Key: fmt.Sprint("k", w, i%100), Value: []byte("v")})
			}
			commands <- err
		}()
	}
	second := start(t, config(t, "n2"), reg)
	second.awaitReady()
	awaitShards(t, reg, 32)
	third := start(t, config(t, "n3"), reg)
	third.awaitReady()
	awaitShards(t, reg, 21)
	first.stop() // the coordinator too
	awaitShards(t, reg, 32)
	second.stop()
	awaitShards(t, reg, 64)
	stop.Store(true)
	for range 4 {
		if err := <-commands; err != nil {
			t.Errorf("a command failed: %v", err)
		}
	}
	use(t, c, "after")
	_ = c.Close()
	third.stop()
}

// awaitShards waits until each node of the map has at least n shards.
func awaitShards(t testing.TB, reg *registry.Memory, n int) {
	t.Helper()
	eventually(t, fmt.Sprint(n, " shards a node"), func() bool {
		m := reg.Stored()
		if m == nil || !m.Complete() {
			return false
		}
		owned, _ := m.Counts()
		for _, o := range owned {
			if o < n {
				return false
			}
		}
		return len(owned) > 0
	})
}

// The last node has nobody to hand over to, and does not wait for one.
func TestLastNodeLeavesAtOnce(t *testing.T) {
	n := start(t, config(t, "n1"), memory(t))
	n.awaitReady()
	begin := time.Now()
	n.stop()
	if took := time.Since(begin); took > handOverTimeout {
		t.Errorf("it took %v", took)
	}
}

// A node that lost its place to another run of its id ends, and says so.
func TestIdTakenOver(t *testing.T) {
	reg := memory(t)
	first := start(t, config(t, "n1"), reg)
	first.awaitReady()
	if _, err := reg.Join(within(t), shard.Node{ID: "n1", Address: first.cfg.GRPC}); err != nil {
		t.Fatal(err)
	}
	first.ended(ErrLost)
}

// Of two nodes with one id the second is refused.
func TestIdInUse(t *testing.T) {
	reg := memory(t)
	first := start(t, config(t, "n1"), reg)
	first.awaitReady()
	start(t, config(t, "n1"), reg).ended(registry.ErrDuplicate)
	first.stop()
}

func TestHealthWhileItRunsAndNotAfter(t *testing.T) {
	cfg := config(t, "n1")
	n := start(t, cfg, nil)
	n.awaitReady()
	conn, err := grpc.NewClient(cfg.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	watch, err := healthpb.NewHealthClient(conn).Watch(within(t), &healthpb.HealthCheckRequest{
		Service: shardv1.ShardService_ServiceDesc.ServiceName,
	})
	if err != nil {
		t.Fatal(err)
	}
	await := func(want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for {
			r, err := watch.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if r.GetStatus() == want {
				return
			}
		}
	}
	await(healthpb.HealthCheckResponse_SERVING)
	n.cancel()
	await(healthpb.HealthCheckResponse_NOT_SERVING)
	_ = conn.Close()
	n.ended(nil)
}

// Streams of clients that stay do not hold up the end.
func TestStopsWithStreamsOpen(t *testing.T) {
	cfg := config(t, "n1")
	n := start(t, cfg, nil)
	n.awaitReady()
	c := connect(t, fixed(t, cfg))
	use(t, c, "k")
	begin := time.Now()
	n.stop()
	if took := time.Since(begin); took > drainTimeout {
		t.Errorf("it took %v", took)
	}
}

func TestStartsThatFail(t *testing.T) {
	taken := config(t, "n1")
	l, err := net.Listen("tcp", taken.GRPC)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	start(t, taken, nil).ended(syscall.EADDRINUSE)

	stranger := config(t, "stranger")
	start(t, stranger, fixed(t, taken)).ended(registry.ErrUnknownNode)

	wrong := config(t, "n1")
	wrong.Memory = 0
	start(t, wrong, nil).ended(daemon.ErrConfig)
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(Default().GRPC); !net.ParseIP(host).IsLoopback() {
		t.Errorf("the default listens on %s", host)
	}
	for want, change := range map[string]func(*Config){
		"id":               func(c *Config) { c.ID = "" },
		"grpc":             func(c *Config) { c.GRPC = "nowhere" },
		"memory-limit":     func(c *Config) { c.Memory = 5 },
		"max-item-size":    func(c *Config) { c.MaxItem = 1 },
		"no more than":     func(c *Config) { c.MaxItem = 128 * daemon.MiB },
		"threads":          func(c *Config) { c.Threads = -1 },
		"consul":           func(c *Config) { c.Consul = "nowhere" },
		"cluster":          func(c *Config) { c.Cluster = "blue" },
		"prefix-delimiter": func(c *Config) { c.PrefixDelimiter = "::" },
		"advertise":        func(c *Config) { c.Consul, c.Advertise = "127.0.0.1:8500", "[::]:7411" },
		"weight":           func(c *Config) { c.Weight, c.Nodes = 2, []string{"a=h:1"} },
		"shards":           func(c *Config) { c.Shards = 1000 },
		"0 with a list":    func(c *Config) { c.Shards, c.Nodes = 16, []string{"a=h:1"} },
		`id "a/b"`:         func(c *Config) { c.ID = "a/b" },
	} {
		cfg := Default()
		change(&cfg)
		err := cfg.Validate()
		if !errors.Is(err, daemon.ErrConfig) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "allowed") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// owns is how many shards the stored map gives to a node.
func owns(reg *registry.Memory, id string) int {
	m := reg.Stored()
	if m == nil || m.Find(id) < 0 {
		return 0
	}
	owned, _ := m.Counts()
	return owned[m.Find(id)]
}

// A node that is told to drain gives its shards away and ends, while a client
// stores: no command fails. Started again, it is a node like any other.
func TestDrainedNodeEnds(t *testing.T) {
	reg := memory(t)
	first, second := start(t, config(t, "n1"), reg), start(t, config(t, "n2"), reg)
	awaitShards(t, reg, 32)
	first.awaitReady()
	c := connect(t, reg)
	var stop atomic.Bool
	commands := make(chan error, 1)
	go func() {
		var err error
		for i := 0; err == nil && !stop.Load(); i++ {
			err = c.Set(context.Background(), &client.Item{Key: fmt.Sprint("k", i%100), Value: []byte("v")})
		}
		commands <- err
	}()
	if err := reg.Drain(within(t), "n1"); err != nil {
		t.Fatal(err)
	}
	first.ended(nil)
	if n := owns(reg, "n2"); n != 64 {
		t.Errorf("n2 has %d shards", n)
	}
	again := start(t, first.cfg, reg)
	awaitShards(t, reg, 32)
	stop.Store(true)
	if err := <-commands; err != nil {
		t.Errorf("a command failed: %v", err)
	}
	_ = c.Close()
	again.stop()
	second.stop()
}

// observed shows the membership that a node gets.
type observed struct {
	*registry.Memory
	joined chan<- registry.Membership
}

func (o observed) Join(ctx context.Context, node shard.Node) (registry.Membership, error) {
	member, err := o.Memory.Join(ctx, node)
	o.joined <- member
	return member, err
}

// A node that was left without shards takes those that it is given later.
func TestShardsComeBack(t *testing.T) {
	reg, err := registry.NewMemory(registry.MemoryOptions{Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	joined := make(chan registry.Membership, 1)
	first := start(t, config(t, "n1"), observed{reg, joined})
	first.awaitReady()
	second := start(t, config(t, "n2"), reg)
	second.awaitReady()
	reg.Expire("n1")
	eventually(t, "the shard is n2's", func() bool { return owns(reg, "n2") == 1 })
	reg.Heal(<-joined)
	eventually(t, "n1 is there again", func() bool { return reg.Stored().Find("n1") >= 0 })
	second.stop()
	eventually(t, "the shard is n1's", func() bool { return owns(reg, "n1") == 1 })
	use(t, connect(t, reg), "k")
	first.stop()
}

func TestDrained(t *testing.T) {
	live := shard.Node{ID: "b", Incarnation: 1, Weight: 1000} // the only shard is its own
	for name, test := range map[string]struct {
		state       shard.NodeState
		incarnation uint64
		others      []shard.Node
		want        bool
	}{
		"live":                   {shard.Live, 2, []shard.Node{live}, false},
		"draining":               {shard.Draining, 2, []shard.Node{live}, true},
		"an earlier run's order": {shard.Draining, 1, []shard.Node{live}, false},
		"nobody took the shards": {shard.Draining, 2, nil, false},
	} {
		self := shard.Node{ID: "a", Incarnation: 2}
		empty, err := shard.Empty("c", 1)
		if err != nil {
			t.Fatal(err)
		}
		known := shard.Node{ID: "a", Incarnation: test.incarnation, State: test.state}
		if got := drained(shard.Plan(empty, append(test.others, known), 1), self); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
		if drained(empty, self) {
			t.Errorf("%s: by a map that does not know it", name)
		}
	}
}
