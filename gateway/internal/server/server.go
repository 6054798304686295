// Package server puts sessions on sockets: it accepts connections, moves bytes
// between them, their sessions and the cluster, and keeps the limits that need a
// clock.
//
// Each connection has one goroutine, which reads, submits a round's calls to the
// cluster, waits until the last reply is in, writes all answers at once, and reads
// again. It is the only one that touches the socket, so that a client that does
// not read stops itself and nobody else. An idle connection holds no buffer.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/gateway/internal/auth"
	"github.com/memactor/memactor/gateway/internal/session"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Cluster is what the server needs of the shard nodes; *client.Client is one.
type Cluster interface {
	// Submit delivers an envelope, see client.Client.Submit.
	Submit(e *wire.Envelope, sink client.Sink, tag uint64)
	// FlushAll returns nil when every shard has been flushed.
	FlushAll(ctx context.Context, exptime int64) error
	// Stats asks all nodes for a group of statistics.
	Stats(ctx context.Context, group string) ([]client.NodeStats, error)
	// Nodes are the nodes of the shard map.
	Nodes() []client.NodeState
	// Dump lists all entries.
	Dump(ctx context.Context, visit func([]*shardv1.Metadata) error) error
	// Watch is told what actors do.
	Watch(ctx context.Context, kinds []shardv1.LogKind, visit func([]*shardv1.LogEvent, uint64) error) (wait func() error, err error)
	// SetMemoryLimit changes the bytes of all nodes together.
	SetMemoryLimit(ctx context.Context, total uint64) error
}

// Options configure a Server.
type Options struct {
	Log     zerolog.Logger
	Cluster Cluster
	Limits  session.Limits
	// Version is what clients are told.
	Version string
	// Protocol is what clients may speak (-B).
	Protocol session.Protocol
	// MaxConns is how many connections are served at once (-c); those above are
	// told so and closed.
	MaxConns int
	// ValueBytes bounds the memory of values on their way, of all connections
	// together; 0 is no bound. What each may use is in Limits.
	ValueBytes int64
	// Timeouts close a connection that keeps the server waiting.
	Timeouts Timeouts
	// TLS is for ServeTLS; nil if there is none.
	TLS TLS
	// Auth are those who may use the server; nil: everybody.
	Auth *auth.File
	// Forbidden is what no client may do here.
	Forbidden Forbidden
	// Control is what clients may do to the gateway.
	Control Control
	// PrefixDelimiter ends the part of a key by which stats detail counts (-D).
	PrefixDelimiter byte
	// Settings are what `stats settings` says of the gateway, in order.
	Settings []Stat
}

// Forbidden are commands that are answered with a refusal.
type Forbidden struct{ Shutdown, FlushAll, Dump, Watch bool }

// Timeouts are how long a connection may keep the server waiting. 0 is for ever.
type Timeouts struct {
	// Handshake is for that of TLS.
	Handshake time.Duration
	// Partial is for the rest of a command line, and a part of that for a body.
	Partial time.Duration
	// BodyRate in bytes a second is how slowly a data block may come; its time is
	// Partial and its size over BodyRate.
	BodyRate int
	// Idle is how long a connection may be without a command.
	Idle time.Duration
	// Write is how long the client may take no byte of an answer.
	Write time.Duration
	// Cluster is for flush_all and stats.
	Cluster time.Duration
}

// DefaultTimeouts are the gateway's.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Handshake: 10 * time.Second, Partial: 30 * time.Second, BodyRate: 1 << 10, Write: time.Minute, Cluster: 5 * time.Second,
	}
}

// Server serves memcached clients. Make it with New, feed it with Serve, end it
// with Shutdown.
type Server struct {
	opts    Options
	counts  counters
	started time.Time
	now     atomic.Int64 // seconds since started, kept by patrol
	budget  budget

	watchers watchers

	mu        sync.Mutex
	conns     map[*conn]struct{}
	listeners []net.Listener
	closing   bool
	done      sync.WaitGroup  // connections
	life      context.Context // until the end of Shutdown
	stop      context.CancelFunc
}

// New makes a server, which watches its connections' time limits until Shutdown.
func New(opts Options) *Server {
	life, stop := context.WithCancel(context.Background())
	s := &Server{opts: opts, started: time.Now(), conns: map[*conn]struct{}{}, life: life, stop: stop}
	s.budget.limit = opts.ValueBytes
	go s.patrol(life)
	return s
}

// Serve accepts connections until the listener is closed; nil then.
func (s *Server) Serve(l net.Listener) error { return s.accept(l, func(*conn) {}) }

// ServeTLS is Serve for connections that begin with a TLS handshake.
func (s *Server) ServeTLS(l net.Listener) error {
	return s.accept(l, func(c *conn) { c.secured(s.opts.TLS.Current()) })
}

// accept prepares each connection before it begins.
func (s *Server) accept(l net.Listener, prepare func(*conn)) error {
	s.listens(l, true)
	defer s.listens(l, false)
	for wait := minPause; ; {
		nc, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			// Out of file descriptors, most likely: connections that end free some.
			s.opts.Log.Warn().Err(err).Msg("accept")
			s.counts.listenDisabled.Add(1)
			time.Sleep(wait)
			wait = min(2*wait, maxPause)
		default:
			wait = minPause
			s.admit(nc, prepare)
		}
	}
}

const minPause, maxPause = 5 * time.Millisecond, time.Second

// admit starts a connection, or tells it that there are too many.
func (s *Server) admit(nc net.Conn, prepare func(*conn)) {
	c, err := newConn(s, nc)
	if err != nil {
		s.opts.Log.Warn().Err(err).Msg("connection not usable")
		_ = nc.Close()
		return
	}
	prepare(c)
	s.mu.Lock()
	full, closing := len(s.conns) >= s.opts.MaxConns, s.closing
	if !full && !closing {
		s.conns[c] = struct{}{}
		s.done.Add(1)
	}
	s.mu.Unlock()
	switch {
	case closing:
		_ = nc.Close()
	case full:
		s.counts.rejected.Add(1)
		refuse(nc)
	default:
		s.counts.total.Add(1)
		c.last.Store(s.now.Load())
		s.watchers.tell(c, "")
		c.begin()
	}
}

func (c *conn) begin() {
	if c.secure != nil {
		go c.handshake()
		return
	}
	go c.serve()
}

// refuse says why and closes. The line fits into any fresh socket's buffer.
func refuse(nc net.Conn) {
	_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = nc.Write([]byte("ERROR Too many open connections\r\n"))
	_ = nc.Close()
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.done.Done()
}

// listens notes that clients are accepted there, or are not any more.
func (s *Server) listens(l net.Listener, begins bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if begins {
		s.listeners = append(s.listeners, l)
		return
	}
	s.listeners = slices.DeleteFunc(s.listeners, func(o net.Listener) bool { return o == l })
}

// ending tells whether Shutdown has begun.
func (s *Server) ending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// Conns is how many connections are open.
func (s *Server) Conns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Shutdown ends all connections: idle ones at once, the others when what they have
// sent is answered. If ctx ends first, the rest is cut off and ctx's error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.eachConn(func(c *conn) { _ = c.net.SetReadDeadline(time.Unix(1, 0)) }, true)
	ended := make(chan struct{})
	go func() { s.done.Wait(); close(ended) }()
	defer s.stop()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		s.eachConn(func(c *conn) { _ = c.net.Close() }, true)
		return fmt.Errorf("%d connections cut off: %w", s.Conns(), ctx.Err())
	}
}

func (s *Server) eachConn(f func(*conn), closing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = s.closing || closing
	for c := range s.conns {
		f(c)
	}
}

// patrol closes connections that have kept the server waiting for too long. One
// look a second replaces a timer for each read and write.
func (s *Server) patrol(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := int64(time.Since(s.started) / time.Second)
		s.now.Store(now)
		s.eachConn(func(c *conn) { c.checkDue(now); c.look() }, false)
		s.relieve()
	}
}
