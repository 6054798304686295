package daemon

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// startAdmin serves the admin port of p on a free port until the test ends.
func startAdmin(t *testing.T, p Process) *admin {
	t.Helper()
	a, err := newAdmin("127.0.0.1:0", p)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- a.serve() }()
	t.Cleanup(func() {
		a.close()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return a
}

func (a *admin) get(t *testing.T, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+a.listener.Addr().String()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestAdminPaths(t *testing.T) {
	p := NewTestProcess("gateway", zerolog.Nop())
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "memactor_test_total", Help: "test"})
	p.Metrics.MustRegister(counter)
	counter.Add(3)
	a := startAdmin(t, p)

	if code, body := a.get(t, "/readyz"); code != http.StatusServiceUnavailable || body != "not ready: starting\n" {
		t.Errorf("/readyz at the start: %d %q", code, body)
	}
	var reason error
	p.Ready.Add("map", func() error { return reason })
	if code, body := a.get(t, "/readyz"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("/readyz: %d %q", code, body)
	}
	reason = errors.New("shard 7 has no owner")
	if code, body := a.get(t, "/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "map: shard 7 has no owner") {
		t.Errorf("/readyz: %d %q", code, body)
	}
	if code, body := a.get(t, "/healthz"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	code, body := a.get(t, "/metrics")
	if code != http.StatusOK {
		t.Errorf("/metrics: %d", code)
	}
	mustContain(t, body, "memactor_test_total 3", "go_goroutines", `memactor_build_info{process="gateway"`)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=1", "/debug/pprof/symbol"} {
		if code, _ := a.get(t, path); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _ := a.get(t, "/"); code != http.StatusNotFound {
		t.Errorf("/: %d", code)
	}
}

func TestAdminOff(t *testing.T) {
	a, err := newAdmin("", NewTestProcess("x", zerolog.Nop()))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- a.serve() }()
	a.close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestAdminLogsItsAddress(t *testing.T) {
	var out bytes.Buffer
	a := startAdmin(t, NewTestProcess("x", zerolog.New(&out)))
	mustContain(t, out.String(), a.listener.Addr().String())
}

func TestAdminPortInUse(t *testing.T) {
	a := startAdmin(t, NewTestProcess("x", zerolog.Nop()))
	address := a.listener.Addr().String()
	_, err := newAdmin(address, NewTestProcess("y", zerolog.Nop()))
	if err == nil {
		t.Fatal("two admin ports on one address")
	}
	mustContain(t, err.Error(), "admin port", address, "address already in use")
}

func TestAdminBadAddress(t *testing.T) {
	_, err := newAdmin("localhost", NewTestProcess("x", zerolog.Nop()))
	mustBeConfigError(t, err, "localhost", "host:port")
}

// A client that says nothing does not hold up the end.
func TestAdminClosesIdleConnections(t *testing.T) {
	a := startAdmin(t, NewTestProcess("x", zerolog.Nop()))
	connection, err := net.Dial("tcp", a.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
}

func TestAskReady(t *testing.T) {
	p := NewTestProcess("x", zerolog.Nop())
	a := startAdmin(t, p)
	address := a.listener.Addr().String()
	var out bytes.Buffer
	if err := askReady(t.Context(), &out, address); err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "starting") {
		t.Errorf("before it is ready: %v", err)
	}
	p.Ready.Add("part", func() error { return nil })
	if err := askReady(t.Context(), &out, address); err != nil || out.String() != "ok\n" {
		t.Errorf("ready: %v, %q", err, out.String())
	}
}

func TestAskReadyWithoutAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := askReady(ctx, io.Discard, address); !errors.Is(err, ErrNotReady) {
		t.Errorf("a port that does not answer: %v", err)
	}
	listener.Close()
	if err := askReady(t.Context(), io.Discard, address); !errors.Is(err, ErrNotReady) {
		t.Errorf("a port that is closed: %v", err)
	}
	mustBeConfigError(t, askReady(t.Context(), io.Discard, ""), "--admin")
	mustBeConfigError(t, askReady(t.Context(), io.Discard, "127.0.0.1:0"), "port")
}

func TestCheckFlag(t *testing.T) {
	p := NewTestProcess("x", zerolog.Nop())
	p.Ready.Add("part", func() error { return nil })
	a := startAdmin(t, p)
	got := invoke(t, defaults(), nil, "--check", "--admin", a.listener.Addr().String())
	if got.code != ExitOK || got.ran || got.out != "ok\n" {
		t.Errorf("exit %d, ran %v, printed %q, %q", got.code, got.ran, got.out, got.errOut)
	}
	p.Ready.End()
	got = invoke(t, defaults(), []string{"MEMACTOR_ADMIN=" + a.listener.Addr().String()}, "--check")
	if got.code != ExitFailed || !strings.Contains(got.errOut, "stopping") {
		t.Errorf("exit %d, %q", got.code, got.errOut)
	}
}

func TestDialable(t *testing.T) {
	for in, want := range map[string]string{
		"0.0.0.0:80": "localhost:80", "[::]:80": "localhost:80", "10.0.0.1:80": "10.0.0.1:80", "host:80": "host:80",
	} {
		if got := dialable(in); got != want {
			t.Errorf("dialable(%q) = %q; want %q", in, got, want)
		}
	}
}
