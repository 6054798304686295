package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// lines reads up to and with a line.
func (p *peer) lines(last string) []string {
	p.t.Helper()
	var all []string
	for {
		_ = p.SetReadDeadline(time.Now().Add(10 * time.Second))
		line, err := p.r.ReadString('\n')
		if err != nil {
			p.t.Fatalf("after %q: %v", all, err)
		}
		if all = append(all, line); line == last {
			return all
		}
	}
}

func TestDumps(t *testing.T) {
	_, a, address := start(t)
	p := dial(t, address)
	p.send("set b 0 0 3\r\nabc\r\nset a% 0 0 1\r\nx\r\n")
	p.expect("STORED\r\nSTORED\r\n")
	p.send("lru_crawler metadump all\r\n")
	p.expect("OK\r\nkey=a%25 exp=-1 la=1000 cas=7 fetch=no cls=1 size=62 flags=0 \nkey=b exp=-1 la=1000 cas=7 fetch=no cls=1 size=63 flags=0 \nEND\r\n")
	p.send("lru_crawler mgdump hash\r\n")
	p.expect("OK\r\nmg a%\r\nmg b\r\nEN\r\n")
	p.send("lru_crawler metadump 2\r\nmn\r\n")
	p.expect("OK\r\nEND\r\nMN\r\n")
	p.send("stats cachedump 1 0\r\nstats cachedump 1 1\r\nstats cachedump 5 0\r\nstats cachedump\r\nstats cachedump 1 x\r\nstats cachedump 64 0\r\n")
	p.expect("ITEM a% [1 b; 0 s]\r\nITEM b [3 b; 0 s]\r\nEND\r\nITEM a% [1 b; 0 s]\r\nEND\r\nEND\r\n" +
		"CLIENT_ERROR bad command line\r\nCLIENT_ERROR bad command line format\r\nCLIENT_ERROR Illegal slab id\r\n")
	a.mu.Lock()
	a.store = map[string][]byte{"with space": []byte("x")}
	a.mu.Unlock()
	p.send("lru_crawler mgdump all\r\nstats cachedump 1 0\r\n")
	p.expect("OK\r\nmg d2l0aCBzcGFjZQ== b\r\nEN\r\nEND\r\n")
}

// A dump that is not complete has no END: a client that waits for it must not take
// what it has for all.
func TestDumpThatFails(t *testing.T) {
	_, a, address := start(t)
	p := dial(t, address)
	a.missing = fmt.Errorf("%w: node b is away", client.ErrUnavailable)
	p.send("set k 0 0 1\r\nx\r\n")
	p.expect("STORED\r\n")
	p.send("lru_crawler metadump all\r\n")
	p.expect("OK\r\nkey=k exp=-1 la=1000 cas=7 fetch=no cls=1 size=61 flags=0 \nSERVER_ERROR dump: memactor: unavailable: node b is away\r\n")
	a.mu.Lock()
	a.missing, a.store = client.ErrBusy, nil
	a.mu.Unlock()
	p.send("mn\r\n")
	p.expect("MN\r\n")
}

func TestWhatMustNotBePipelined(t *testing.T) {
	_, _, address := start(t)
	p := dial(t, address)
	p.send("mn\r\nwatch\r\nmn\r\n")
	p.expect("MN\r\nERROR cannot pipeline other commands before watch\r\nMN\r\n")
	p.send("mn\r\nlru_crawler metadump all\r\n")
	p.expect("MN\r\nERROR cannot pipeline other commands before metadump\r\n")
	p.send("mn\r\nlru_crawler mgdump all\r\n")
	p.expect("MN\r\nERROR cannot pipeline other commands before mgdump\r\n")
	p.send("lru_crawler metadump all\r\nmn\r\n") // behind it, they may
	p.expect("OK\r\nEND\r\nMN\r\n")
}

// A client that does not read its dump stops the nodes, and nobody else; when it is
// gone the dump ends.
func TestDumpThatIsNotRead(t *testing.T) {
	s, a, address := start(t)
	other := dial(t, address)
	other.send("set k 0 0 1\r\nx\r\n")
	other.expect("STORED\r\n")
	a.mu.Lock()
	a.endless = true
	a.mu.Unlock()
	p := dial(t, address)
	p.send("lru_crawler metadump all\r\n")
	p.expect("OK\r\n")
	other.send("mn\r\n")
	other.expect("MN\r\n")
	_ = p.Close()
	await(t, "the dump ends", func() bool { return s.Conns() == 1 })
}

// A client that stays and takes nothing of a dump, or of what it watches, is closed
// after the time for writes, and the nodes' streams end with it.
func TestClientsThatTakeNothingAreClosed(t *testing.T) {
	s, a, address := start(t, func(o *Options) { o.Timeouts.Write = 2 * time.Second })
	p := dial(t, address)
	p.send("set k 0 0 1\r\nx\r\n")
	p.expect("STORED\r\n")
	watches := dial(t, address)
	watches.send("watch mutations\r\n")
	watches.expect("OK\r\n")
	told := make(chan error, 1)
	visit := a.now(t)
	a.visits.Go(func() {
		events := slices.Repeat([]*shardv1.LogEvent{{Kind: shardv1.LogKind_LOG_KIND_MUTATIONS, Key: []byte("k")}}, 1000)
		err := error(nil)
		for err == nil {
			err = visit(events, 0)
		}
		told <- err
	})
	a.mu.Lock()
	a.endless = true
	a.mu.Unlock()
	dumps := dial(t, address)
	dumps.send("lru_crawler metadump all\r\n")
	dumps.expect("OK\r\n")
	eventually(t, "both are closed", func() bool { return s.Conns() == 1 && s.watchers.count() == 0 })
	<-told
	eventually(t, "the dump has ended", func() bool {
		free := a.mu.TryLock()
		if free {
			a.mu.Unlock()
		}
		return free
	})
	if n := s.counts.timedOut.Load(); n != 2 {
		t.Errorf("%d connections were closed for taking nothing", n)
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// now is the fake's visitor of the last watch.
func (a *actors) now(t *testing.T) func([]*shardv1.LogEvent, uint64) error {
	t.Helper()
	await(t, "somebody watches", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.visit != nil
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.visit
}

func TestWatch(t *testing.T) {
	s, a, address := start(t)
	p := dial(t, address)
	p.send("watch fetchers mutations evictions deletions\r\n")
	p.expect("OK\r\n")
	visit := a.now(t)
	if fmt.Sprint(a.kinds) != "[LOG_KIND_FETCHERS LOG_KIND_MUTATIONS LOG_KIND_EVICTIONS LOG_KIND_DELETIONS]" {
		t.Errorf("watched are %v", a.kinds)
	}
	const at = 1_700_000_000_000_042
	events := []*shardv1.LogEvent{
		{Kind: shardv1.LogKind_LOG_KIND_FETCHERS, Time: at, Key: []byte("a b"), Op: shardv1.Op_OP_GET, Outcome: shardv1.LogOutcome_LOG_OUTCOME_FOUND, Size: 3},
		{Kind: shardv1.LogKind_LOG_KIND_FETCHERS, Time: at, Key: []byte("k"), Op: shardv1.Op_OP_GET, Outcome: shardv1.LogOutcome_LOG_OUTCOME_EXPIRED},
		{Kind: shardv1.LogKind_LOG_KIND_MUTATIONS, Time: at, Key: []byte("k"), Op: shardv1.Op_OP_CAS, Outcome: shardv1.LogOutcome_LOG_OUTCOME_NOT_FOUND, Ttl: 5, Size: 1},
		{Kind: shardv1.LogKind_LOG_KIND_EVICTIONS, Time: at, Key: []byte("k"), Ttl: -1, Idle: 9, Size: 2, Fetched: true},
		{Kind: shardv1.LogKind_LOG_KIND_DELETIONS, Time: at, Key: []byte("k"), Op: shardv1.Op_OP_DELETE, Size: 2},
	}
	if err := visit(events, 4); err != nil {
		t.Fatal(err)
	}
	p.expect("skipped=4\n" +
		"ts=1700000000.42 gid=1 type=item_get key=a%20b status=found clsid=1 cfd=0 size=3\n" +
		"ts=1700000000.42 gid=2 type=item_get key=k status=expired clsid=0 cfd=0 size=0\n" +
		"ts=1700000000.42 gid=3 type=item_store key=k status=not_found cmd=cas ttl=5 clsid=1 cfd=0 size=1\n" +
		"ts=1700000000.42 gid=4 type=eviction key=k fetch=yes ttl=-1 la=9 clsid=1 size=2\n" +
		"ts=1700000000.42 gid=5 type=deleted key=k cmd=delete clsid=1 size=2\n")
	if s.watchers.count() != 1 || s.watchers.sent.Load() != 5 {
		t.Errorf("%d watchers, %d lines sent", s.watchers.count(), s.watchers.sent.Load())
	}
	p.send("version\r\nquit\r\n") // not looked at
	_ = p.Close()
	await(t, "the watch ends", func() bool { return s.Conns() == 0 && s.watchers.count() == 0 })
	if err := visit(events, 0); err == nil {
		t.Error("a client that is gone takes lines")
	}
}

func TestWatchTellsWhyConnectionsEnd(t *testing.T) {
	for sent, reason := range map[string]string{
		"quit\r\n": "normal", "GET / HTTP/1.1\r\n": "error", "set " + strings.Repeat("k", 2100): "error",
		"\x80\x17" + strings.Repeat("\x00", 22): "normal", "\x80\x01\x00\x00\x00" + strings.Repeat("\x00", 19): "error", // quitq, and a set without extras
	} {
		_, _, address := start(t)
		p := dial(t, address)
		p.send("watch connevents\r\n")
		p.expect("OK\r\n")
		dial(t, address).send(sent)
		_, _ = p.r.ReadString('\n')
		if line, _ := p.r.ReadString('\n'); !strings.Contains(line, "type=conn_close") || !strings.Contains(line, " reason="+reason+" ") {
			t.Errorf("%q: %q", sent, line)
		}
	}
}

func TestWatchConnections(t *testing.T) {
	s, a, address := start(t)
	p := dial(t, address)
	p.send("watch connevents\r\n")
	p.expect("OK\r\n")
	if a.kinds != nil {
		t.Errorf("the nodes are asked for %v", a.kinds)
	}
	other := dial(t, address)
	line, _ := p.r.ReadString('\n')
	if !regexp.MustCompile(`^ts=\d+\.\d+ gid=1 type=conn_new rip=127\.0\.0\.1 rport=\d+ transport=tcp cfd=\d+\n$`).MatchString(line) {
		t.Errorf("%q", line)
	}
	_ = other.Close()
	line, _ = p.r.ReadString('\n')
	if !regexp.MustCompile(`^ts=\d+\.\d+ gid=2 type=conn_close rip=127\.0\.0\.1 rport=\d+ transport=tcp reason=normal cfd=\d+\n$`).MatchString(line) {
		t.Errorf("%q", line)
	}
	await(t, "one connection", func() bool { return s.Conns() == 1 })
	second := dial(t, address)
	second.send("stats conns\r\n")
	text := strings.Join(second.lines("END\r\n"), "")
	for _, want := range []string{
		`STAT \d+:addr tcp:127\.0\.0\.1:\d+\r\n`, `STAT \d+:listen_addr tcp:` + regexp.QuoteMeta(address) + `\r\n`,
		`STAT \d+:state conn_listening\r\n`, `STAT \d+:state conn_watch\r\n`, `STAT \d+:state conn_parse_cmd\r\n`, `STAT \d+:secs_since_last_cmd \d+\r\n`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// A client of a unix socket is told by that socket, and who still owes a data block as such.
func TestConnectionsOfAUnixSocket(t *testing.T) {
	s, _, address := start(t)
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	local, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(local, "set k 0 0 6\r\nab"); err != nil {
		t.Fatal(err)
	}
	p := dial(t, address)
	want := regexp.MustCompile(`(\d+):addr unix:` + path + `\r\nSTAT \d+:listen_addr unix:` + path + `\r\nSTAT \d+:state conn_nread\r\n`)
	eventually(t, "the client of the socket waits with its data block", func() bool {
		p.send("stats conns\r\n")
		return want.MatchString(strings.Join(p.lines("END\r\n"), ""))
	})
	_, _ = local.Close(), l.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestTooManyWatchers(t *testing.T) {
	_, _, address := start(t)
	for range maxWatchers {
		p := dial(t, address)
		p.send("watch connevents\r\n")
		p.expect("OK\r\n")
	}
	p := dial(t, address)
	p.send("watch connevents\r\n")
	p.expect("WATCHER_TOO_MANY log watcher limit reached\r\n")
	p.send("mn\r\n")
	p.expect("MN\r\n")
}

func TestTooManyWatchersOfTheNodes(t *testing.T) {
	s, a, address := start(t)
	a.missing = client.ErrBusy
	p := dial(t, address)
	p.send("watch\r\n")
	p.expect("WATCHER_TOO_MANY log watcher limit reached\r\n")
	if s.watchers.count() != 0 {
		t.Error("a refused watcher is counted")
	}
}

// Shutdown ends those who watch.
func TestWatchEndsWithTheServer(t *testing.T) {
	s, _, address := start(t)
	p := dial(t, address)
	p.send("watch\r\n")
	p.expect("OK\r\n")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := p.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestForbidden(t *testing.T) {
	_, _, address := start(t, func(o *Options) {
		o.Forbidden = Forbidden{Shutdown: true, Dump: true, Watch: true}
		o.Control.Shutdown = func() { t.Error("shut down") }
	})
	p := dial(t, address)
	for command, want := range map[string]string{
		"watch": "CLIENT_ERROR watch commands not allowed", "lru_crawler metadump all": "ERROR metadump not allowed",
		"lru_crawler mgdump all": "ERROR key dump not allowed", "stats cachedump 1 0": "CLIENT_ERROR stats cachedump not allowed",
		"stats detail on": "CLIENT_ERROR stats detail not allowed", "shutdown": "SERVER_ERROR: shutdown not enabled",
	} {
		p.send(command + "\r\n")
		p.expect(want + "\r\n")
	}
}

func TestMemoryLimit(t *testing.T) {
	_, a, address := start(t)
	p := dial(t, address)
	p.send("cache_memlimit 64\r\n")
	p.expect("OK\r\n")
	if a.limit != 64<<20 {
		t.Errorf("%d bytes", a.limit)
	}
	for err, want := range map[error]string{
		client.ErrInvalid:     "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust",
		client.ErrUnavailable: "SERVER_ERROR cache_memlimit: memactor: unavailable",
	} {
		a.mu.Lock()
		a.missing = err
		a.mu.Unlock()
		p.send("cache_memlimit 64\r\n")
		p.expect(want + "\r\n")
	}
}

func TestShutdownByAClient(t *testing.T) {
	stopped := make(chan struct{}, 1)
	_, _, address := start(t, func(o *Options) { o.Control.Shutdown = func() { stopped <- struct{}{} } })
	p := dial(t, address)
	p.send("shutdown now\r\n")
	p.expect("CLIENT_ERROR invalid shutdown mode\r\n")
	p.send("shutdown graceful\r\n")
	if _, err := p.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	<-stopped
}

func TestCertificatesAndClock(t *testing.T) {
	var moved []string
	refresh := error(nil)
	_, _, address := start(t, func(o *Options) {
		o.Control.RefreshCerts = func() error { return refresh }
		o.Control.MoveClock = func(_ context.Context, seconds int64, state shardv1.ClockState) error {
			moved = append(moved, fmt.Sprint(seconds, state))
			return nil
		}
	})
	p := dial(t, address)
	p.send("refresh_certs\r\ndebugtime 10\r\ndebugtime p\r\ndebugtime r\r\nset k 0 0 1\r\nx\r\n")
	p.expect("OK\r\nOK\r\nOK\r\nOK\r\nSTORED\r\n")
	if want := "[10 CLOCK_STATE_UNSPECIFIED 0 CLOCK_STATE_STOPPED 0 CLOCK_STATE_RUNNING]"; fmt.Sprint(moved) != want {
		t.Errorf("%v", moved)
	}
	p.send("debugitem ref k\r\ndebugitem unref none\r\ndebugitem lock k\r\ndebugitem x k\r\ndebugitem\r\n")
	p.expect("OK\r\nMISS\r\nOK\r\nERROR\r\nERROR\r\n")
	refresh = errors.New("no such file")
	p.send("refresh_certs\r\n")
	p.expect("SERVER_ERROR refresh_certs: no such file\r\n")
}

func TestWithoutControl(t *testing.T) {
	_, _, address := start(t)
	p := dial(t, address)
	p.send("refresh_certs\r\ndebugtime 10\r\ndebugitem lock k\r\nshutdown\r\n")
	p.expect("Error TLS not enabled\r\nERROR\r\nERROR\r\nSERVER_ERROR: shutdown not enabled\r\n")
	host, port, _ := strings.Cut(address, ":")
	body := fmt.Sprintf("1\n%s|%s|%s\n", host, host, port)
	p.send("config get cluster\r\nconfig get x\r\n")
	p.expect(fmt.Sprintf("CONFIG cluster 0 %d\r\n%s\r\nEND\r\nERROR\r\n", len(body), body))
}

func TestClusterOfGateways(t *testing.T) {
	_, _, address := start(t, func(o *Options) {
		o.Control.Gateways = func() (uint64, []protocol.Endpoint) {
			return 12, []protocol.Endpoint{{Host: "10.0.0.1", Port: "11211"}, {Host: "b", Port: "1"}}
		}
	})
	p := dial(t, address)
	p.send("config get cluster\r\n")
	p.expect("CONFIG cluster 0 33\r\n12\n10.0.0.1|10.0.0.1|11211 b|b|1\n\r\nEND\r\n")
}

func TestStatsOfGroups(t *testing.T) {
	_, a, address := start(t)
	p := dial(t, address)
	p.send("stats detail on\r\nstats detail off\r\nstats detail\r\nstats detail x\r\nstats detail on on\r\nstats sizes_enable\r\nstats sizes_disable\r\n")
	usage := "CLIENT_ERROR usage: stats detail on|off|dump\r\n"
	p.expect("OK\r\nOK\r\n" + usage + usage + usage + "STAT sizes_status enabled\r\nEND\r\nSTAT sizes_status disabled\r\nEND\r\n")
	if want := "[detail_on: detail_off sizes_enable sizes_disable]"; fmt.Sprint(a.groups) != want {
		t.Errorf("the nodes were asked for %v", a.groups)
	}
	p.send("stats detail dump\r\n")
	p.expect("PREFIX a get 2 hit 2 set 0 del 0\r\nPREFIX p get 4 hit 2 set 2 del 6\r\nEND\r\n")
	p.send("stats nodes\r\n")
	text := strings.Join(p.lines("END\r\n"), "")
	if want := "STAT n1:address 127.0.0.1:1\r\nSTAT n1:zone none\r\nSTAT n1:state live\r\nSTAT n1:link up\r\nSTAT n1:curr_items 2\r\nSTAT n2:address"; !strings.HasPrefix(text, want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	p.send("stats shards\r\n")
	p.expect("STAT 0:node n2\r\nSTAT 0:items 5\r\nSTAT 1:node n1\r\nSTAT 1:items 3\r\nEND\r\n")
}
