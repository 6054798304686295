package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	adminHeaderTimeout = 5 * time.Second
	adminIdleTimeout   = time.Minute
	adminCloseTimeout  = time.Second // for requests under way at the end
	adminMaxHeader     = 16 << 10    // bytes
)

// An admin is the admin port. Without a listener it serves nothing.
type admin struct {
	listener net.Listener
	server   *http.Server
	closed   chan struct{}
}

// newAdmin opens the port at once, so that one in use fails the start; it
// answers when serve is called. An empty address is no port.
func newAdmin(address string, p Process) (*admin, error) {
	a := &admin{closed: make(chan struct{})}
	if address == "" {
		return a, nil
	}
	listener, err := listenAdmin(address)
	if err != nil {
		return nil, err
	}
	p.Log.Info().Stringer("address", listener.Addr()).Msg("admin port is open")
	a.listener = listener
	a.server = &http.Server{
		Handler:           adminHandler(p),
		ReadHeaderTimeout: adminHeaderTimeout,
		IdleTimeout:       adminIdleTimeout,
		MaxHeaderBytes:    adminMaxHeader,
	}
	return a, nil
}

func listenAdmin(address string) (net.Listener, error) {
	address, err := checkAddress(address, true)
	if err != nil {
		return nil, fmt.Errorf("%w: admin: %w", ErrConfig, err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("admin port: %w", err)
	}
	return listener, nil
}

// serve returns when close was called, or when the listener fails.
func (a *admin) serve() error {
	if a.server == nil {
		<-a.closed
		return nil
	}
	if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin port: %w", err)
	}
	return nil
}

// close ends serve; requests under way get a moment.
func (a *admin) close() {
	close(a.closed)
	if a.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminCloseTimeout)
	defer cancel()
	if a.server.Shutdown(ctx) != nil {
		_ = a.server.Close() // a profile or a scrape that takes longer is cut off
	}
}

// adminHandler serves the paths of the admin port.
func adminHandler(p Process) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.Ready.Err()) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.Gatherer(), promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// answer is 200 "ok", or 503 with the reason.
func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}

// askReady is --check: it asks the admin port of the process that runs with the
// same settings, prints the answer, and fails unless it is 200. A container
// without a shell has its health check in this.
func askReady(ctx context.Context, out io.Writer, address string) error {
	const patience = 3 * time.Second
	if address == "" {
		return fmt.Errorf("%w: --check needs the admin port (--admin HOST:PORT)", ErrConfig)
	}
	address, err := checkAddress(address, false)
	if err != nil {
		return fmt.Errorf("%w: admin: %w", ErrConfig, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+dialable(address)+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	defer func() { _ = response.Body.Close() }()
	return report(out, response)
}

func report(out io.Writer, response *http.Response) error {
	const most = 4 << 10 // bytes of a reason that are worth printing
	if response.StatusCode == http.StatusOK {
		_, err := io.Copy(out, io.LimitReader(response.Body, most))
		return err
	}
	reason, _ := io.ReadAll(io.LimitReader(response.Body, most))
	return fmt.Errorf("%s: %s", response.Status, reason)
}

// dialable makes an address to dial of one to listen on: a process that listens
// on all interfaces is asked on loopback.
func dialable(address string) string {
	host, port, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
