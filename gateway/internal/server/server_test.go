package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/gateway/internal/session"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// actors is a Cluster in memory. Every reply comes from a goroutine of its own, as
// from a link, in any order.
type actors struct {
	mu      sync.Mutex
	store   map[string][]byte
	held    chan struct{} // while not nil, keys named "held..." wait for its close
	flushed int
	missing error // what the nodes together say, or those that are away
	expires int64 // of all entries
	endless bool  // a dump never ends
	limit   uint64
	groups  []string          // that were asked for
	kinds   []shardv1.LogKind // of the last Watch, and who it tells
	visit   func([]*shardv1.LogEvent, uint64) error
	visits  sync.WaitGroup // those that are under way
}

func (a *actors) Submit(e *wire.Envelope, sink client.Sink, tag uint64) {
	r := a.execute(e)
	if strings.HasPrefix(string(e.Key), "held") && a.held != nil {
		go func() { <-a.held; sink.Reply(tag, &r) }()
		return
	}
	go sink.Reply(tag, &r)
}

func (a *actors) execute(e *wire.Envelope) wire.Reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := string(e.Key)
	switch e.Op {
	case shardv1.Op_OP_SET:
		a.store[key] = bytes.Clone(e.Value)
	case shardv1.Op_OP_GET:
		value, ok := a.store[key]
		if !ok {
			return wire.Reply{Status: shardv1.Status_STATUS_NOT_FOUND}
		}
		return wire.Reply{Status: shardv1.Status_STATUS_OK, Value: value}
	}
	return wire.Reply{Status: shardv1.Status_STATUS_OK}
}

func (a *actors) FlushAll(context.Context, int64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flushed++
	clear(a.store)
	return a.missing
}

func (a *actors) Stats(_ context.Context, group string) ([]client.NodeStats, error) {
	n1, n2 := shard.Node{ID: "n1"}, shard.Node{ID: "n2"}
	switch group {
	case "detail_dump":
		p, other := &shardv1.PrefixStat{Prefix: []byte("p"), Gets: 2, Hits: 1, Sets: 1, Deletes: 3}, &shardv1.PrefixStat{Prefix: []byte("a"), Gets: 2, Hits: 2}
		return []client.NodeStats{{Prefixes: []*shardv1.PrefixStat{p}}, {Prefixes: []*shardv1.PrefixStat{other, {Prefix: p.GetPrefix(), Gets: 2, Hits: 1, Sets: 1, Deletes: 3}}}}, nil
	case "shards":
		return []client.NodeStats{{Node: n1, Stats: []*shardv1.Stat{{Name: "1:items", Value: "3"}}}, {Node: n2, Stats: []*shardv1.Stat{{Name: "0:items", Value: "5"}}}}, nil
	case "", "settings", "items", "slabs", "reset":
	default:
		a.groups = append(a.groups, group)
		return nil, a.missing
	}
	stats := []*shardv1.Stat{{Name: "curr_items", Value: "2"}, {Name: "version", Value: "node"}, {Name: "slab:age", Value: "7"}}
	if group == "items" {
		stats = stats[:1]
	}
	return []client.NodeStats{{Node: n1, Stats: stats}, {Node: n2, Stats: stats}}, a.missing
}

func (a *actors) Nodes() []client.NodeState {
	return []client.NodeState{{Node: shard.Node{ID: "n1", Address: "127.0.0.1:1"}, Link: client.LinkUp}, {Node: shard.Node{ID: "n2"}}}
}

// Dump lists entries, each of a's and, if there are more, batches of those without end.
func (a *actors) Dump(ctx context.Context, visit func([]*shardv1.Metadata) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []*shardv1.Metadata
	for _, key := range slices.Sorted(maps.Keys(a.store)) {
		all = append(all, &shardv1.Metadata{Key: []byte(key), Size: uint64(len(a.store[key])), Cas: 7, Accessed: 1000, Expires: a.expires})
	}
	for {
		if err := visit(all); err != nil {
			return err
		}
		if !a.endless {
			return a.missing
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (a *actors) Watch(ctx context.Context, kinds []shardv1.LogKind, visit func([]*shardv1.LogEvent, uint64) error) (func() error, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.missing != nil {
		return nil, a.missing
	}
	a.kinds, a.visit = kinds, visit
	return func() error { <-ctx.Done(); a.visits.Wait(); return ctx.Err() }, nil
}

func (a *actors) SetMemoryLimit(_ context.Context, total uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit = total
	return a.missing
}

// start serves actors on a free port.
func start(t *testing.T, change ...func(*Options)) (*Server, *actors, string) {
	t.Helper()
	a := &actors{store: map[string][]byte{}}
	opts := options(a)
	for _, f := range change {
		f(&opts)
	}
	s := New(opts)
	return s, a, listen(t, s, s.Serve)
}

func options(a *actors) Options {
	return Options{
		Log: zerolog.Nop(), Cluster: a, Limits: session.DefaultLimits(), Version: "1.6.45", MaxConns: 100,
		Timeouts: DefaultTimeouts(), PrefixDelimiter: ':', Settings: []Stat{{"maxconns", "100"}},
	}
}

// listen has s serve on a free port until the test ends.
func listen(t testing.TB, s *Server, serve func(net.Listener) error) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- serve(l) }()
	t.Cleanup(func() {
		_ = l.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(<-served, s.Shutdown(ctx)); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

// peer is a client that speaks bytes.
type peer struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, address string) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	return &peer{t, nc, bufio.NewReader(nc)}
}

func (p *peer) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		p.t.Fatal(err)
	}
}

// expect wants exactly text next.
func (p *peer) expect(text string) {
	p.t.Helper()
	got := make([]byte, len(text))
	n, err := io.ReadFull(p.r, got)
	if err != nil || string(got) != text {
		p.t.Fatalf("got %.200q (%v), want %.200q", got[:n], err, text)
	}
}

// expectClosed wants the end of the connection.
func (p *peer) expectClosed() {
	p.t.Helper()
	if rest, err := io.ReadAll(p.r); err != nil && !strings.Contains(err.Error(), "reset") || len(rest) > 0 {
		p.t.Fatalf("got %q, %v, want the end", rest, err)
	}
}

func TestCommands(t *testing.T) {
	_, a, address := start(t)
	p := dial(t, address)
	p.send("set a 0 0 1\r\nx\r\nget a b a\r\nflush_all\r\nget a\r\nversion\r\nquit\r\nset a 0 0 1\r\ny\r\n")
	p.expect("STORED\r\nVALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\nOK\r\nEND\r\nVERSION 1.6.45\r\n")
	p.expectClosed()
	if a.flushed != 1 || len(a.store) != 0 {
		t.Fatal(a.flushed, a.store)
	}
}

func TestByteByByte(t *testing.T) {
	_, _, address := start(t)
	p := dial(t, address)
	for _, b := range []byte("set a 0 0 3\r\nabc\r\nget a\r\n") {
		p.send(string(b))
		time.Sleep(time.Millisecond)
	}
	p.expect("STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n")
}

// A client that has sent more than the server will take gets its last answers, and no
// error from what it sent.
func TestAnswersSurviveTheClose(t *testing.T) {
	_, _, address := start(t)
	for range 20 {
		p := dial(t, address)
		p.send("version\r\nquit\r\n" + strings.Repeat("x", 2<<20))
		p.expect("VERSION 1.6.45\r\n")
		p.expectClosed()
	}
}

func TestLargePipelineAndValues(t *testing.T) {
	_, _, address := start(t)
	p := dial(t, address)
	value := strings.Repeat("v", 900_000)
	go func() {
		_, _ = io.WriteString(p, fmt.Sprintf("set big 0 0 %d\r\n%s\r\n", len(value), value)+strings.Repeat("get big\r\n", 50)+
			strings.Repeat("get x\r\n", 20_000))
	}()
	p.expect("STORED\r\n")
	for range 50 {
		p.expect(fmt.Sprintf("VALUE big 0 %d\r\n%s\r\nEND\r\n", len(value), value))
	}
	p.expect(strings.Repeat("END\r\n", 20_000))
}

func TestStats(t *testing.T) {
	_, a, address := start(t)
	a.missing = errors.New("node b is away")
	p := dial(t, address)
	p.send("me a\r\nme b\r\nmg a\r\n")
	p.expect("EN\r\nEN\r\nEN\r\n")
	p.send("stats\r\n")
	var lines []string
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(line))
		if line == "END\r\n" {
			break
		}
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{"STAT curr_items 4\n", "STAT version 1.6.45\n", "STAT slab:age 7\n", "STAT cmd_meta 2\n", "STAT curr_connections 1\n"} {
		if !strings.Contains(text+"\n", want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	p.send("stats settings\r\nstats items\r\nstats foo\r\nstats reset\r\n")
	p.expect("STAT maxconns 100\r\nSTAT verbosity 0\r\n")
	for line := ""; line != "STAT curr_items 4\r\n"; line, _ = p.r.ReadString('\n') {
	}
	p.expect("STAT version node\r\nSTAT slab:age 7\r\nEND\r\nSTAT curr_items 4\r\nEND\r\nERROR\r\nSERVER_ERROR stats reset: node b is away\r\n")
}

func TestTooManyConnections(t *testing.T) {
	s, _, address := start(t, func(o *Options) { o.MaxConns = 2 })
	first, second := dial(t, address), dial(t, address)
	first.send("mn\r\n")
	first.expect("MN\r\n")
	second.send("mn\r\n")
	second.expect("MN\r\n")
	third := dial(t, address)
	third.expect("ERROR Too many open connections\r\n")
	third.expectClosed()
	_ = first.Close()
	for s.Conns() > 1 {
		time.Sleep(time.Millisecond)
	}
	fourth := dial(t, address)
	fourth.send("mn\r\n")
	fourth.expect("MN\r\n")
	if n := s.counts.rejected.Load(); n != 1 {
		t.Errorf("%d rejected", n)
	}
}

// A connection that keeps the server waiting is closed; an idle one is not.
func TestTimeouts(t *testing.T) {
	_, _, address := start(t, func(o *Options) {
		o.Timeouts.Partial, o.Timeouts.BodyRate = time.Second, 1<<20
	})
	idle, line, body := dial(t, address), dial(t, address), dial(t, address)
	line.send("get a")
	body.send("set a 0 0 100\r\nabc")
	line.expectClosed()
	body.expectClosed()
	idle.send("mn\r\n")
	idle.expect("MN\r\n")
}

// A client that never reads costs its own connection, within bounds.
func TestSlowReader(t *testing.T) {
	s, _, address := start(t, func(o *Options) { o.Timeouts.Write = 2 * time.Second })
	slow, other := dial(t, address), dial(t, address)
	slow.send(fmt.Sprintf("set big 0 0 500000\r\n%s\r\n", strings.Repeat("v", 500_000)))
	slow.expect("STORED\r\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	go func() { _, _ = slow.Write(bytes.Repeat([]byte("get big\r\n"), 2_000)) }() // a gigabyte
	time.Sleep(500 * time.Millisecond)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 150<<20 {
		t.Errorf("%d MiB for one connection", grown>>20)
	}
	other.send("mn\r\n")
	other.expect("MN\r\n")
	for s.Conns() > 1 {
		time.Sleep(10 * time.Millisecond) // the slow one is cut off after the write time-out
	}
}

// Shutdown answers what has been sent, and closes idle connections.
func TestShutdownAnswersWhatIsInFlight(t *testing.T) {
	a := &actors{store: map[string][]byte{}, held: make(chan struct{})}
	s := New(Options{Cluster: a, Limits: session.DefaultLimits(), MaxConns: 10, Timeouts: DefaultTimeouts()})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	idle, busy := dial(t, l.Addr().String()), dial(t, l.Addr().String())
	busy.send("set held 0 0 1\r\nx\r\nget b\r\nget c\r\n")
	for s.counts.bytesRead.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	_ = l.Close()
	time.AfterFunc(100*time.Millisecond, func() { close(a.held) })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	busy.expect("STORED\r\nEND\r\nEND\r\n")
	busy.expectClosed()
	idle.expectClosed()
}

func TestShutdownCutsOffWhatDoesNotEnd(t *testing.T) {
	a := &actors{store: map[string][]byte{}, held: make(chan struct{})}
	s := New(Options{Cluster: a, Limits: session.DefaultLimits(), MaxConns: 10, Timeouts: DefaultTimeouts()})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	p := dial(t, l.Addr().String())
	p.send("get held\r\n")
	for s.counts.bytesRead.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	_ = l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(a.held)
}

// An idle connection holds no buffer: many of them cost less than one each.
func TestIdleConnectionsHoldNoBuffer(t *testing.T) {
	const conns = 200
	_, _, address := start(t, func(o *Options) { o.MaxConns = conns })
	before := heap()
	for range conns {
		p := dial(t, address)
		p.r = nil // its own buffer is not to count
		p.send("mn\r\n")
		if _, err := io.ReadFull(p.Conn, make([]byte, len("MN\r\n"))); err != nil {
			t.Fatal(err)
		}
	}
	if each := (heap() - before) / conns; each > bufferSize/2 {
		t.Errorf("%d bytes of heap for an idle connection", each)
	}
}

// heap is what is in use after two collections, which also empty the pools.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
