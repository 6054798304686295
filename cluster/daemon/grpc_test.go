package daemon

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// A healthServer stands for any service: one unary call, one stream.
type healthServer struct {
	healthv1.UnimplementedHealthServer
}

func (healthServer) Check(_ context.Context, r *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	if r.GetService() == "panic" {
		panic("unary trouble")
	}
	return &healthv1.HealthCheckResponse{}, nil
}

func (healthServer) Watch(r *healthv1.HealthCheckRequest, stream grpc.ServerStreamingServer[healthv1.HealthCheckResponse]) error {
	if r.GetService() == "panic" {
		panic("stream trouble")
	}
	return stream.Send(&healthv1.HealthCheckResponse{})
}

// A rig is a server with our options and a client to it, joined in memory.
type rig struct {
	server, client Process
	log            *lockedBuffer
	health         healthv1.HealthClient
}

// A lockedBuffer takes log lines of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newRig(t *testing.T, level zerolog.Level, allow Auth) *rig {
	t.Helper()
	log := &lockedBuffer{}
	logger := zerolog.New(log).Level(level)
	r := &rig{server: NewTestProcess("server", logger), client: NewTestProcess("client", logger), log: log}
	pipe := bufconn.Listen(64 << 10)
	server := grpc.NewServer(ServerOptions(r.server, allow)...)
	healthv1.RegisterHealthServer(server, healthServer{})
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(pipe) })
	options := append(DialOptions(r.client), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }))
	connection, err := grpc.NewClient("passthrough:///pipe", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close(); server.Stop(); serving.Wait() })
	r.health = healthv1.NewHealthClient(connection)
	return r
}

func (r *rig) call(ctx context.Context, service string) error {
	_, err := r.health.Check(ctx, &healthv1.HealthCheckRequest{Service: service})
	return err
}

func (r *rig) stream(ctx context.Context, service string) error {
	stream, err := r.health.Watch(ctx, &healthv1.HealthCheckRequest{Service: service})
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return err
}

// value sums a counter of p over all its labels.
func value(t *testing.T, p Process, name string) (sum float64) {
	t.Helper()
	families, err := p.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name || f.GetType() != dto.MetricType_COUNTER {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum
}

// eventually waits for what another goroutine counts at the end of a call.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("did not happen: %s", what)
}

func TestGRPCMetrics(t *testing.T) {
	r := newRig(t, zerolog.InfoLevel, nil)
	if err := r.call(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if err := r.stream(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two calls counted at the server", func() bool { return value(t, r.server, "grpc_server_handled_total") == 2 })
	if got := value(t, r.client, "grpc_client_started_total"); got != 2 {
		t.Errorf("the client started %v calls", got)
	}
	if got := r.log.String(); got != "" {
		t.Errorf("calls are logged above debug: %s", got)
	}
}

func TestGRPCLogging(t *testing.T) {
	r := newRig(t, zerolog.DebugLevel, nil)
	if err := r.stream(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the stream is logged", func() bool {
		return strings.Contains(r.log.String(), "finished call")
	})
	mustContain(t, r.log.String(), `"level":"debug"`, `"finished call"`, `"grpc.method":"Watch"`)
	if strings.Contains(r.log.String(), `"level":"info"`) {
		t.Errorf("above debug: %s", r.log.String())
	}
}

func TestGRPCRecovery(t *testing.T) {
	r := newRig(t, zerolog.InfoLevel, nil)
	for i, call := range []func(context.Context, string) error{r.call, r.stream} {
		err := call(t.Context(), "panic")
		if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "trouble") {
			t.Errorf("a panic is answered %v", err)
		}
		if got := value(t, r.server, "memactor_grpc_panics_total"); got != float64(i+1) {
			t.Errorf("%v panics counted", got)
		}
		if err := call(t.Context(), ""); err != nil {
			t.Errorf("after a panic: %v", err)
		}
	}
	mustContain(t, r.log.String(), "unary trouble", "stream trouble", `"stack"`, "grpc_test.go")
}

func TestGRPCAuth(t *testing.T) {
	type key struct{}
	allow := func(ctx context.Context) (context.Context, error) {
		given, _ := metadata.FromIncomingContext(ctx)
		if len(given.Get("token")) == 0 {
			return nil, status.Error(codes.Unauthenticated, "no token")
		}
		return context.WithValue(ctx, key{}, true), nil
	}
	r := newRig(t, zerolog.InfoLevel, allow)
	for _, call := range []func(context.Context, string) error{r.call, r.stream} {
		if err := call(t.Context(), ""); status.Code(err) != codes.Unauthenticated {
			t.Errorf("without a token: %v", err)
		}
		if err := call(metadata.AppendToOutgoingContext(t.Context(), "token", "x"), ""); err != nil {
			t.Errorf("with a token: %v", err)
		}
	}
}

// Several servers of one process share one set of metrics; parts have each
// their own.
func TestGRPCOptionsTwice(t *testing.T) {
	p := NewTestProcess("x", zerolog.Nop())
	parts := NewTestProcess("y", zerolog.Nop())
	for range 2 {
		for _, p := range []Process{p, parts.Part("node", "n1"), parts.Part("node", "n2")} {
			if got := len(ServerOptions(p, nil)); got != 2 {
				t.Errorf("%d options", got)
			}
			DialOptions(p)
		}
	}
}

func TestRegisteredRefusesTwoMetricsOfOneName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	p := NewTestProcess("x", zerolog.Nop())
	registered(p.Metrics, prometheus.NewCounter(prometheus.CounterOpts{Name: "a_total", Help: "one"}))
	registered(p.Metrics, prometheus.NewCounter(prometheus.CounterOpts{Name: "a_total", Help: "two"}))
}
