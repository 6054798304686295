package registrytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Agent is a real Consul agent on 127.0.0.1, for tests: a server, alone or one of
// some (StartServers).
type Agent struct {
	// Address is where it serves HTTP, and Secure where it serves HTTPS, if it was
	// started with a "tls" configuration.
	Address, Secure string

	t      testing.TB
	binary string
	config string
	server string // where it serves the other servers
	serf   string // where it can be joined
	output lockedBuffer
	cmd    *exec.Cmd
	exited chan struct{}
}

// StartAgent starts an agent that keeps its data on disk over Kill and Restart.
// extra goes over the configuration; with ACLs on, its management token is that
// of the environment. The test fails if there is no Consul.
func StartAgent(t testing.TB, extra map[string]any) *Agent {
	t.Helper()
	a := newAgent(t, "test", extra)
	a.Restart()
	return a
}

// StartServers starts the n servers of one Consul, in the way of StartAgent.
func StartServers(t testing.TB, n int) []*Agent {
	t.Helper()
	servers := make([]*Agent, n)
	for i := range servers {
		// One that is killed stays one of them: it is to come back.
		extra := map[string]any{"bootstrap_expect": n, "autopilot": map[string]any{"cleanup_dead_servers": false}}
		if i > 0 {
			extra["retry_join"], extra["retry_interval"] = []string{servers[0].serf}, "1s"
		}
		servers[i] = newAgent(t, fmt.Sprintf("server%d", i+1), extra)
		servers[i].start()
	}
	for _, a := range servers {
		a.awaitLeader()
	}
	return servers
}

// Leader is the leader among the servers of one Consul; nil if they have none.
func Leader(servers []*Agent) *Agent {
	for _, a := range servers {
		var leader string
		if text, err := a.get("/v1/status/leader"); err == nil && json.Unmarshal(text, &leader) == nil && leader != "" {
			if i := slices.IndexFunc(servers, func(a *Agent) bool { return a.server == leader }); i >= 0 {
				return servers[i]
			}
		}
	}
	return nil
}

// newAgent is an agent that does not run yet.
func newAgent(t testing.TB, name string, extra map[string]any) *Agent {
	t.Helper()
	ports := freePorts(t, 4)
	dir := t.TempDir()
	https := -1
	if extra["tls"] != nil {
		https = ports[3]
	}
	config := map[string]any{
		"server": true, "bootstrap_expect": 1, "data_dir": filepath.Join(dir, "data"),
		"node_name": name, "bind_addr": "127.0.0.1", "client_addr": "127.0.0.1",
		"ports": map[string]int{
			"http": ports[0], "https": https, "server": ports[1], "serf_lan": ports[2],
			"serf_wan": -1, "dns": -1, "grpc": -1, "grpc_tls": -1,
		},
		"log_level": "WARN", "disable_update_check": true, "leave_on_terminate": false, "skip_leave_on_interrupt": true,
		"performance": map[string]any{"raft_multiplier": 1},
		"limits":      map[string]any{"http_max_conns_per_client": 10_000},
	}
	maps.Copy(config, extra)
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	a := &Agent{
		Address: fmt.Sprintf("127.0.0.1:%d", ports[0]), Secure: fmt.Sprintf("https://127.0.0.1:%d", https),
		t: t, binary: consulBinary(t), config: filepath.Join(dir, "consul.json"),
		server: fmt.Sprintf("127.0.0.1:%d", ports[1]), serf: fmt.Sprintf("127.0.0.1:%d", ports[2]),
	}
	if err := os.WriteFile(a.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Kill()
		if t.Failed() {
			t.Logf("what Consul's %s said:\n%s", name, a.output.String())
		}
	})
	return a
}

// consulBinary is MEMACTOR_CONSUL, or bin/consul of this repository.
func consulBinary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("MEMACTOR_CONSUL"); path != "" {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err != nil {
			continue
		}
		path := filepath.Join(dir, "bin", "consul")
		if _, err := os.Stat(path); err == nil {
			return path
		}
		break
	}
	t.Fatal("no Consul agent: build it with `make consul`, or name one in MEMACTOR_CONSUL")
	return ""
}

// freePorts are ports that nobody listens on just now.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // after all are taken, so that they differ
		address, err := netip.ParseAddrPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = int(address.Port())
	}
	return ports
}

// Kill ends the agent as kill -9 does.
func (a *Agent) Kill() {
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Kill()
	<-a.exited
	a.cmd = nil
}

// Restart starts a killed agent again, with the data that it had, and waits until
// it has a leader.
func (a *Agent) Restart() {
	a.t.Helper()
	a.Kill()
	a.start()
	a.awaitLeader()
}

func (a *Agent) start() {
	a.t.Helper()
	a.cmd = exec.CommandContext(context.Background(), a.binary, "agent", "-config-file", a.config) //nolint:gosec // a test's own choice
	a.cmd.Stdout, a.cmd.Stderr = &a.output, &a.output
	a.cmd.SysProcAttr = dieWithParent()
	if err := a.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	cmd, exited := a.cmd, make(chan struct{})
	a.exited = exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
}

// RestartEmpty starts the agent again as one that knows nothing.
func (a *Agent) RestartEmpty() {
	a.t.Helper()
	a.Kill()
	if err := os.RemoveAll(filepath.Join(filepath.Dir(a.config), "data")); err != nil {
		a.t.Fatal(err)
	}
	a.Restart()
}

// Pause stops the agent's process without ending it: calls hang.
func (a *Agent) Pause() {
	a.t.Helper()
	_ = a.cmd.Process.Signal(syscall.SIGSTOP)
	AwaitStopped(a.t, a.cmd.Process.Pid)
}

// Resume ends a Pause.
func (a *Agent) Resume() { _ = a.cmd.Process.Signal(syscall.SIGCONT) }

// awaitLeader waits until the agent can write and its own health check is known.
func (a *Agent) awaitLeader() {
	a.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := a.healthy()
		if err == nil {
			return
		}
		select {
		case <-a.exited:
			a.t.Fatalf("the Consul agent has ended:\n%s", a.output.String())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("no Consul leader in 30 s: %v\n%s", err, a.output.String())
		}
	}
}

// healthy is an error until the agent's own check passes in the catalog.
func (a *Agent) healthy() error {
	body, err := a.get("/v1/health/state/passing")
	if err == nil && !strings.Contains(string(body), "serfHealth") {
		err = errors.New(string(body))
	}
	return err
}

// get asks the agent's HTTP API.
func (a *Agent) get(path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.Address+path, nil)
	if err != nil {
		return nil, err
	}
	if token := os.Getenv("CONSUL_HTTP_TOKEN"); token != "" {
		request.Header.Set("X-Consul-Token", token)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	return io.ReadAll(answer.Body)
}

// lockedBuffer is what the agent prints.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
