package client

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/memactor/memactor/protos/wire"
)

type options struct {
	log            zerolog.Logger
	timeout        time.Duration
	connectTimeout time.Duration
	maxQueue       int
	creds          credentials.TransportCredentials
	extra          []grpc.DialOption

	tick         time.Duration
	timeoutTicks int64
}

// Option changes one setting of a Client.
type Option func(*options)

// WithTimeout sets how long a call may take until it is answered with
// STATUS_UNAVAILABLE (reads) or STATUS_UNKNOWN_OUTCOME (writes); default 5 s. It
// is kept to about a tenth.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// WithConnectTimeout sets how long one attempt to reach a node may take; default
// 2 s. Calls for the node wait for the first attempt, and fail at once while
// the last attempt has failed.
func WithConnectTimeout(d time.Duration) Option { return func(o *options) { o.connectTimeout = d } }

// WithMaxQueue bounds the bytes that wait to be sent to one node; default 64 MiB.
// Calls above it are answered with STATUS_BUSY. A single larger call is let in
// when nothing else waits.
func WithMaxQueue(bytes int) Option { return func(o *options) { o.maxQueue = bytes } }

// WithLogger sets where connects, disconnects and moves are logged; default nowhere.
func WithLogger(log zerolog.Logger) Option { return func(o *options) { o.log = log } }

// WithTransportCredentials sets the transport security; default none.
func WithTransportCredentials(creds credentials.TransportCredentials) Option {
	return func(o *options) { o.creds = creds }
}

// WithDialOptions adds gRPC dial options, such as interceptors.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return func(o *options) { o.extra = append(o.extra, opts...) }
}

func newOptions(opts []Option) options {
	o := options{
		log: zerolog.Nop(), timeout: 5 * time.Second, connectTimeout: 2 * time.Second,
		maxQueue: 64 << 20, creds: insecure.NewCredentials(),
	}
	for _, set := range opts {
		set(&o)
	}
	o.tick = min(max(o.timeout/20, time.Millisecond), 100*time.Millisecond)
	o.timeoutTicks = int64((o.timeout + o.tick - 1) / o.tick)
	return o
}

const (
	// The windows are large and static: gRPC then sends no pings to estimate them.
	streamWindow = 4 << 20
	connWindow   = 8 << 20
	ioBuffer     = 64 << 10
	keepaliveGap = 10 * time.Second
)

func (o *options) dialOptions(more ...grpc.DialOption) []grpc.DialOption {
	return slices.Concat([]grpc.DialOption{
		grpc.WithTransportCredentials(o.creds),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(wire.Codec{}),
			grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
		grpc.WithInitialWindowSize(streamWindow), grpc.WithInitialConnWindowSize(connWindow),
		grpc.WithReadBufferSize(ioBuffer), grpc.WithWriteBufferSize(ioBuffer),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveGap, Timeout: o.timeout}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: o.connectTimeout}),
		grpc.WithDisableRetry(), grpc.WithNoProxy(),
	}, more, o.extra)
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
