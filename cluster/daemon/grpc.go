package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	middleware "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/auth"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Auth looks at a call before it is served. It returns the context to go on
// with, or a gRPC status error (codes.Unauthenticated, codes.PermissionDenied)
// to refuse it. For a stream it is asked once, when the stream begins.
type Auth func(ctx context.Context) (context.Context, error)

// ServerOptions are the interceptors of every gRPC server of memactor, from the
// outside in: metrics, logging, recovery, auth. A panic in a handler is so
// counted and logged as an Internal error of that one call. A nil auth lets
// everyone in.
//
// What they cost is per message of a stream, never per envelope in it: two
// counters, and no log line.
func ServerOptions(p Process, allow Auth) []grpc.ServerOption {
	metrics := registered(p.Metrics, middleware.NewServerMetrics())
	recovered := recovery.WithRecoveryHandlerContext(recoverer(p))
	log, events := callLogger(p.Log), callEvents()
	unary := []grpc.UnaryServerInterceptor{
		metrics.UnaryServerInterceptor(),
		logging.UnaryServerInterceptor(log, events),
		recovery.UnaryServerInterceptor(recovered),
	}
	stream := []grpc.StreamServerInterceptor{
		metrics.StreamServerInterceptor(),
		logging.StreamServerInterceptor(log, events),
		recovery.StreamServerInterceptor(recovered),
	}
	if allow != nil {
		unary = append(unary, auth.UnaryServerInterceptor(auth.AuthFunc(allow)))
		stream = append(stream, auth.StreamServerInterceptor(auth.AuthFunc(allow)))
	}
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(unary...), grpc.ChainStreamInterceptor(stream...)}
}

// DialOptions are the same for a gRPC client: metrics and logging.
func DialOptions(p Process) []grpc.DialOption {
	metrics := registered(p.Metrics, middleware.NewClientMetrics())
	log, events := callLogger(p.Log), callEvents()
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(metrics.UnaryClientInterceptor(), logging.UnaryClientInterceptor(log, events)),
		grpc.WithChainStreamInterceptor(metrics.StreamClientInterceptor(), logging.StreamClientInterceptor(log, events)),
	}
}

// callEvents are what is logged of a call: its end. Its start must not be: for that the middleware notes in each
// message's turn whether it was logged, and it does so without a lock, while a stream sends and receives at once.
func callEvents() logging.Option { return logging.WithLogOnEvents(logging.FinishCall) }

// callLogger writes what the middleware says of calls. All of it is debug: a
// call that fails is for the one who made it to report.
func callLogger(log zerolog.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ context.Context, _ logging.Level, message string, fields ...any) {
		log.Debug().Fields(fields).Msg(message)
	})
}

// recoverer counts a panic, logs it with its stack, and makes an Internal error
// of it that says nothing of the inside.
func recoverer(p Process) recovery.RecoveryHandlerFuncContext {
	panics := registered(p.Metrics, prometheus.NewCounter(prometheus.CounterOpts{
		Name: "memactor_grpc_panics_total", Help: "Panics in gRPC handlers, each answered as an Internal error.",
	}))
	return func(_ context.Context, reason any) error {
		panics.Inc()
		p.Log.Error().Str("panic", fmt.Sprint(reason)).Bytes("stack", debug.Stack()).Msg("gRPC handler panicked")
		return status.Error(codes.Internal, "internal error")
	}
}

// registered registers a collector, or returns the equal one that another part
// of the process has registered.
func registered[C prometheus.Collector](r prometheus.Registerer, c C) C {
	err := r.Register(c)
	if already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := already.ExistingCollector.(C); ok {
			return same
		}
	}
	if err != nil {
		panic(err) // two different collectors under one name: a mistake of the programmer
	}
	return c
}
