package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/memactor/load"
)

// said passes on what is written, a piece at a time.
type said chan string

func (s said) Write(p []byte) (int, error) {
	s <- string(p)
	return len(p), nil
}

// startDev runs a cluster until the test ends, and returns its banner and the end: a function that stops it and gives
// the error of dev.
func startDev(t *testing.T, cfg devConfig) (text string, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, done := make(said, 1), make(chan error, 1)
	go func() { done <- dev(ctx, daemon.NewTestProcess("dev", zerolog.Nop()), cfg, out) }()
	end = func() error {
		cancel()
		select {
		case err := <-done:
			done <- err
			return err
		case <-time.After(20 * time.Second):
			return errors.New("it does not end")
		}
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	select {
	case text = <-out:
	case err := <-done:
		done <- nil
		t.Fatalf("ended before it was ready: %v", err)
	case <-time.After(readyTimeout + time.Second):
		t.Fatal("not ready, and says nothing")
	}
	return text, end
}

// testDev is a cluster on a free port.
func testDev(t *testing.T) devConfig {
	t.Helper()
	cfg := defaultDev()
	port, err := freePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Port = port
	return cfg
}

func TestDevServesAndSaysWhere(t *testing.T) {
	cfg := testDev(t)
	cfg.Socket = filepath.Join(t.TempDir(), "m.sock")
	text, end := startDev(t, cfg)
	servers := cfg.addresses()
	if len(servers) != 2 {
		t.Fatalf("%q", servers)
	}
	for _, want := range append(servers, "3 shard nodes", "(n1, gRPC)", "(n3, gRPC)", "try:") {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	for _, server := range servers {
		bench := load.Default()
		bench.Server, bench.Populate, bench.Keys, bench.Duration, bench.Pipeline = server, true, 1000, 200*time.Millisecond, 8
		result, err := load.Run(t.Context(), bench)
		if err != nil {
			t.Fatal(err)
		}
		if result.Errors.Sum() != 0 || result.Misses != 0 {
			t.Errorf("%+v", result)
		}
	}
	began := time.Now()
	if err := end(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if _, err := net.Dial("tcp", servers[0]); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("it still listens: %v", err)
	}
}

// The line that is to be tried, without the shell around it.
func TestDevAnswersTheLineToTry(t *testing.T) {
	cfg := testDev(t)
	cfg.Nodes = 1
	startDev(t, cfg)
	conn, err := net.Dial("tcp", cfg.addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "set hello 0 0 5\r\nworld\r\nget hello\r\nquit\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(bufio.NewReader(conn))
	if want := "STORED\r\nVALUE hello 0 5\r\nworld\r\nEND\r\n"; string(got) != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDevOnAPortInUseFails(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	cfg := defaultDev()
	cfg.Port = listener.Addr().(*net.TCPAddr).Port
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = dev(ctx, daemon.NewTestProcess("dev", zerolog.Nop()), cfg, io.Discard)
	if !errors.Is(err, syscall.EADDRINUSE) || ctx.Err() != nil {
		t.Error(err)
	}
}

func TestDevConfig(t *testing.T) {
	cfg := defaultDev()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	cfg.Memory, cfg.Nodes = 90*daemon.MiB, 4
	if node := cfg.node(4); node.ID != "n4" || node.Memory != 90*daemon.MiB/4 || node.GRPC != "127.0.0.1:0" {
		t.Errorf("%+v", node)
	}
	for says, change := range map[string]func(*devConfig){
		"2 nodes need 1m each": func(c *devConfig) { c.Nodes, c.Memory = 2, daemon.MiB },
		"max-item-size":        func(c *devConfig) { c.MaxItem = 32 * daemon.MiB },
		"port":                 func(c *devConfig) { c.Port = 70_000 },
		"max-connections":      func(c *devConfig) { c.MaxConns = 0 },
	} {
		cfg := defaultDev()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestBadDevFlags(t *testing.T) {
	for _, args := range [][]string{{"--nodes", "0"}, {"--nodes", "101"}, {"-p", "http"}, {"-m", "2"}, {"-I", "1"}, {"extra"}} {
		code, out, err := call(t, append([]string{"dev"}, args...)...)
		if code != daemon.ExitUsage || out != "" || !strings.HasPrefix(err, "memactor: configuration: ") {
			t.Errorf("%q: exit code %d, %q, %q", args, code, out, err)
		}
	}
}

func TestBanner(t *testing.T) {
	nodes := []shard.Node{{ID: "n1", Address: "127.0.0.1:40001"}, {ID: "n2", Address: "127.0.0.1:40002"}}
	cfg := defaultDev()
	cfg.Nodes, cfg.Admin = 2, "127.0.0.1:9000"
	want := `memactor dev: one gateway, 2 shard nodes, 64m for items
  memcached    127.0.0.1:11211
  shard node   127.0.0.1:40001 (n1, gRPC)
  shard node   127.0.0.1:40002 (n2, gRPC)
  admin        http://127.0.0.1:9000/metrics /readyz /healthz /debug/pprof
try:
  printf 'set hello 0 0 5\r\nworld\r\nget hello\r\nquit\r\n' | nc 127.0.0.1 11211
  printf 'stats\r\nquit\r\n' | nc 127.0.0.1 11211
  go run ./memactor bench -s 127.0.0.1:11211 --populate --seconds 3
`
	// A test is run from Go's cache, as `go run` does it.
	if got := banner(cfg, nodes); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAddresses(t *testing.T) {
	tests := []struct {
		listen []string
		port   int
		socket string
		want   string
	}{
		{[]string{"127.0.0.1"}, 0, "", "127.0.0.1:11211"},
		{[]string{"127.0.0.1"}, 7000, "", "127.0.0.1:7000"},
		{[]string{"127.0.0.1", "10.0.0.1"}, 7000, "", "127.0.0.1:7000 10.0.0.1:7000"},
		{[]string{"0.0.0.0"}, 7000, "", "localhost:7000"},
		{[]string{"::"}, 7000, "", "localhost:7000"},
		{[]string{"::1"}, 7000, "", "[::1]:7000"},
		{[]string{"127.0.0.1"}, 0, "/tmp/s", "/tmp/s"},
		{[]string{"127.0.0.1"}, 7000, "/tmp/s", "127.0.0.1:7000 /tmp/s"},
	}
	for _, test := range tests {
		cfg := devConfig{Listen: test.listen, Port: test.port, Socket: test.socket}
		if got := strings.Join(cfg.addresses(), " "); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
	if got := netcat("[::1]:7000"); got != "nc ::1 7000" {
		t.Error(got)
	}
	if got := netcat("/tmp/s"); got != "nc -U /tmp/s" {
		t.Error(got)
	}
}
