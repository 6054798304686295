package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestValidateNamesWhatIsWrong(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"port":            func(c *Config) { c.Port = 70000 },
		"max-connections": func(c *Config) { c.MaxConns = 0 },
		"max-item-size":   func(c *Config) { c.MaxItem = 1 },
		"protocol":        func(c *Config) { c.Protocol = "udp" },
		"socket-mode":     func(c *Config) { c.SocketMode = "rwx" },
		"timeout":         func(c *Config) { c.Timeout = 0 },
		"write-timeout":   func(c *Config) { c.WriteTimeout = time.Millisecond },
		"threads":         func(c *Config) { c.Threads = -1 },
		"consul":          func(c *Config) { c.Consul = "nowhere" },
		"cluster":         func(c *Config) { c.Cluster = "blue" },
		"node":            func(c *Config) { c.Nodes = []string{"a"} },
		"advertise":       func(c *Config) { c.Consul, c.Advertise = "127.0.0.1:8500", "0.0.0.0:11211" },
	} {
		cfg := Default()
		change(&cfg)
		err := cfg.Validate()
		if !errors.Is(err, daemon.ErrConfig) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "allowed") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, test := range []struct {
		port   int
		socket string
		want   string
	}{
		{0, "", "127.0.0.1:11211"},
		{0, "/run/m.sock", ""},
		{5, "/run/m.sock", "127.0.0.1:5"},
		{-1, "", "127.0.0.1:0"},
	} {
		cfg := Default()
		cfg.Port, cfg.Socket = test.port, test.socket
		if got := strings.Join(cfg.tcpAddresses(), " "); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	cfg := Default()
	cfg.Port = l.Addr().(*net.TCPAddr).Port
	if _, err := cfg.listen(); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Fatal(err)
	}
}

func TestUnixSocket(t *testing.T) {
	cfg := Default()
	cfg.Socket, cfg.SocketMode = filepath.Join(t.TempDir(), "m.sock"), "0600"

	if err := os.WriteFile(cfg.Socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cfg.listen(); err == nil {
		t.Fatal("a file was taken for a socket")
	}
	_ = os.Remove(cfg.Socket)

	first, err := cfg.listen()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(cfg.Socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	if _, err := cfg.listen(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("a live socket was taken over: %v", err)
	}
	first[0].Listener.(*net.UnixListener).SetUnlinkOnClose(false)
	closeAll(first)
	second, err := cfg.listen()
	if err != nil {
		t.Fatalf("what a dead process left is in the way: %v", err)
	}
	closeAll(second)
}

// A gateway without its nodes is not ready, says why, and still ends in order.
func TestRunWithoutNodes(t *testing.T) {
	maps, err := registry.NewStatic([]shard.Node{{ID: "n1", Address: "127.0.0.1:1"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = maps.Close() }()
	cfg := Default()
	cfg.Socket = filepath.Join(t.TempDir(), "m.sock")
	p := daemon.NewTestProcess("gateway", zerolog.Nop())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, p, cfg, maps) }()

	reply := ask(t, cfg.Socket, "get a\r\nversion\r\n", 2)
	if !strings.HasPrefix(reply, "SERVER_ERROR unavailable") || !strings.HasSuffix(reply, "VERSION "+Version+"\r\n") {
		t.Errorf("%q", reply)
	}
	if err := p.Ready.Err(); !errors.Is(err, daemon.ErrNotReady) || !strings.Contains(err.Error(), "n1") {
		t.Error(err)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("does not end")
	}
}

// ask sends text and reads that many lines.
func ask(t *testing.T, socket, text string, lines int) string {
	t.Helper()
	var nc net.Conn
	var err error
	for range 100 {
		if nc, err = net.Dial("unix", socket); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(nc, text); err != nil {
		t.Fatal(err)
	}
	var reply []byte
	for b := make([]byte, 1); strings.Count(string(reply), "\n") < lines; reply = append(reply, b...) {
		if _, err := nc.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	return string(reply)
}

func TestAnIPv4AddressIsTakenByItsWord(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:11211": "tcp4", "127.0.0.1:0": "tcp4", "[::]:11211": "tcp", "localhost:11211": "tcp", ":11211": "tcp",
	} {
		if got := network(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
