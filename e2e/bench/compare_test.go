package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/memactor/load"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestSystemsAreChosenByName(t *testing.T) {
	kinds, err := chosenSystems(options{systems: "memcached,twemproxy"})
	if err != nil || len(kinds) != 2 || kinds[0].name != memcachedName || kinds[1].name != twemproxyName {
		t.Errorf("%+v, %v", kinds, err)
	}
	if _, err := chosenSystems(options{systems: "memcached,redis"}); !errors.Is(err, errSystem) || !strings.Contains(err.Error(), `"redis"`) {
		t.Error(err)
	}
}

func TestWithoutTheProgramsTheErrorSaysHowToBuildThem(t *testing.T) {
	if _, err := startMemactor(t.Context(), memactorName, t.TempDir()); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Error(err)
	}
}

func TestOneSystemThatFailsLeavesNone(t *testing.T) {
	var first *system
	kinds := []kind{
		{name: "good", start: func(ctx context.Context) (s *system, err error) {
			first, err = startMemcached(ctx)
			return first, err
		}},
		{name: "bad", start: func(ctx context.Context) (*system, error) {
			return newSystem("bad", func(s *system) error {
				if err := s.addStore("sh", "sh", "-c", "exit 1"); err != nil {
					return err
				}
				return s.stores[0].await(ctx, "ready", func() bool { return false })
			})
		}},
	}
	if _, err := startAll(t.Context(), kinds); err == nil || !strings.Contains(err.Error(), "starting bad: sh ended") {
		t.Fatal(err)
	}
	select {
	case <-first.stores[0].exited:
	default:
		t.Error("memcached still runs")
	}
	if _, err := os.Stat(first.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is still there: %v", err)
	}
}

// The whole comparison of the systems that need no build, as short as it goes.
func TestCompareTwemproxyAndMemcached(t *testing.T) {
	o := options{rounds: 2, seconds: 0.1, systems: "twemproxy,memcached"}
	kinds, err := chosenSystems(o)
	if err != nil {
		t.Fatal(err)
	}
	all, err := startAll(t.Context(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	defer stopAll(all)
	var got []comparison
	if err := compare(t.Context(), o, all, func(c comparison) { got = append(got, c) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(allCells()) {
		t.Fatalf("%d cells", len(got))
	}
	for _, c := range got {
		if taken := slices.Contains(c.systems, twemproxyName); taken != (c.cell.protocol == load.Text) || c.cell.base() != c.systems[0] {
			t.Errorf("%v in %s, with ratios to %s", c.systems, c.cell.name, c.cell.base())
		}
		for _, name := range c.systems {
			s := c.of[name]
			if len(s) != o.rounds || s.median(rateOf) <= 0 || s.median(p50Of) <= 0 || s.median(clientCPUOf) <= 0 {
				t.Errorf("%s in %s: %+v", name, c.cell.name, s)
			}
		}
	}
}

// The three processes of the real thing, one cell, and its footprint's parts that are quick.
func TestMeasureMemactor(t *testing.T) {
	bin := filepath.Dir(harness.Binary(t, harness.GatewayProgram))
	o := options{rounds: 1, seconds: 0.2, systems: memactorName, cells: "50 x 32", bin: bin}
	kinds, err := chosenSystems(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &report{out: io.Discard, reached: true}
	if err := r.throughput(t.Context(), o, kinds); err != nil {
		t.Fatal(err)
	}
	if text := r.markdown.String(); !strings.Contains(text, "| memactor |") {
		t.Errorf("%s", text)
	}
	err = withSystem(t.Context(), kinds[0], func(s *system) error {
		if size, err := rss(s.processes()); err != nil || size < 3<<20 || len(s.processes()) != 3 {
			t.Errorf("%d processes with %d bytes, %v", len(s.processes()), size, err)
		}
		return askForMissing(t.Context(), s.address)
	})
	if err != nil {
		t.Error(err)
	}
}

// An older build takes part in what it knows.
func TestCompareWithABaseline(t *testing.T) {
	bin := filepath.Dir(harness.Binary(t, harness.GatewayProgram))
	o := options{rounds: 1, seconds: 0.1, systems: memactorName, cells: "50 x 32 meta", bin: bin, baseline: bin}
	kinds, err := chosenSystems(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &report{out: io.Discard, reached: true}
	if err := r.throughput(t.Context(), o, kinds); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| least .. greatest | to before |", "| memactor |", "| before |"} {
		if text := r.markdown.String(); !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestWhoKnowsMetaIsAsked(t *testing.T) {
	for answer, want := range map[string]bool{"EN\r\n": true, "ERROR\r\n": false} {
		if knows, err := knowsMeta(t.Context(), lineServer(t, answer)); err != nil || knows != want {
			t.Errorf("%q: %v, %v", answer, knows, err)
		}
	}
	if _, err := knowsMeta(t.Context(), lineServer(t, "SERVER_ERROR busy\r\n")); !errors.Is(err, errReplies) {
		t.Error(err)
	}
}

func TestAResultThatIsNotGoodIsRefused(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		ctx    context.Context
		result load.Result
		is     error
	}{
		"good":      {t.Context(), load.Result{Hits: 5}, nil},
		"cut short": {ended, load.Result{Hits: 5}, context.Canceled},
		"errors":    {t.Context(), load.Result{Hits: 5, Errors: load.Errors{Wrong: 1}}, errReplies},
		"misses":    {t.Context(), load.Result{Hits: 5, Misses: 1}, errReplies},
	} {
		if err := good(test.ctx, &test.result); !errors.Is(err, test.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASystemThatForgetsIsCaught(t *testing.T) {
	s := &system{name: "forgetful", address: lineServer(t, "END\r\n")}
	if err := populate(t.Context(), s, 100); !errors.Is(err, errReplies) {
		t.Error(err)
	}
}

func TestMissingKeysMustMiss(t *testing.T) {
	if err := askForMissing(t.Context(), lineServer(t, "END\r\n")); err != nil {
		t.Error(err)
	}
	if err := askForMissing(t.Context(), lineServer(t, "BUG\r\n")); !errors.Is(err, errReplies) {
		t.Error(err)
	}
}

// lineServer answers every line by answer, and a set by STORED.
func lineServer(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			serving.Go(func() { answerLines(conn, answer) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

func answerLines(conn net.Conn, answer string) {
	defer func() { _ = conn.Close() }()
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	for line, err := in.ReadString('\n'); err == nil; line, err = in.ReadString('\n') {
		reply := answer
		if strings.HasPrefix(line, "set") {
			_, _ = in.ReadString('\n')
			reply = "STORED\r\n"
		}
		_, _ = io.WriteString(out, reply)
		if in.Buffered() == 0 {
			_ = out.Flush()
		}
	}
}

func TestTwemproxyConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.yml")
	text := twemproxyConfig("127.0.0.1:1", []string{"127.0.0.1:2", "127.0.0.1:3"})
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := debian("nutcracker", "/usr/sbin/nutcracker")
	if err != nil {
		t.Fatal(err)
	}
	p, err := start("nutcracker", program, "-t", "-c", path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	<-p.exited
	if p.cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("%s", p.output)
	}
}

// A burden is there for the turn of its system, and gone afterwards.
func TestBurdens(t *testing.T) {
	bin := filepath.Dir(harness.Binary(t, harness.GatewayProgram))
	for name, b := range map[string]burden{stuckName: stuckClients, dumpName: endlessDumps} {
		t.Run(name, func(t *testing.T) {
			s, err := burdened(name, bin, b)(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.stop()
			if err := populate(t.Context(), s, 1000); err != nil {
				t.Fatal(err)
			}
			end, err := s.burden(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			conn := harness.Dial(t, s.address)
			connections := func(want ...int) func() bool {
				return func() bool {
					text := conn.Do(t, "stats\r\n")
					return strings.Contains(text, fmt.Sprintf("STAT curr_connections %d\r\n", want[0])) &&
						strings.Contains(text, fmt.Sprintf("STAT log_watchers %d\r\n", want[1]))
				}
			}
			with := []int{1 + 1, 0}
			if name == stuckName {
				with = []int{1 + stuckDumps + stuckWatchers, stuckWatchers}
			}
			harness.Eventually(t, 30*time.Second, "the burden is there", connections(with...))
			end()
			harness.Eventually(t, 30*time.Second, "the burden is gone", connections(1, 0))
		})
	}
}
