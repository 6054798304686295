package server

import (
	"bytes"
	"context"
	"net"
	"strconv"

	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Control is what a client may do to the gateway itself. Each is nil where that is not enabled.
type Control struct {
	// Shutdown ends the gateway in order (shutdown).
	Shutdown func()
	// RefreshCerts reads the certificates of the client port again (refresh_certs).
	RefreshCerts func() error
	// Gateways are all live gateways, and a number that grows with each change (config get cluster); none: there is
	// only this one. It is asked on the way of the command: it must not wait.
	Gateways func() (version uint64, all []protocol.Endpoint)
	// MoveClock moves the cluster's clock (debugtime), for tests.
	MoveClock func(ctx context.Context, seconds int64, state shardv1.ClockState) error
}

// shutdown ends the gateway. As in memcached, the client gets no answer but the end of its connection.
func shutdown(_ context.Context, s *Server, cmd *protocol.Command, out *output) {
	mode, rest := protocol.NextKey(cmd.Args)
	more, _ := protocol.NextKey(rest)
	switch {
	case s.opts.Forbidden.Shutdown || s.opts.Control.Shutdown == nil:
		out.refuse(protocol.ErrShutdownDisabled)
	case len(mode) > 0 && string(mode) != "graceful" || len(more) > 0:
		out.refuse(protocol.ErrShutdownMode)
	default:
		s.opts.Log.Info().Stringer("client", out.conn.net.RemoteAddr()).Msg("a client has sent shutdown")
		out.ended = true
		s.opts.Control.Shutdown()
	}
}

// refreshCerts answers with one line in any case.
func refreshCerts(_ context.Context, s *Server, _ *protocol.Command, out *output) {
	if s.opts.Control.RefreshCerts == nil {
		out.refuse(protocol.ErrNoTLS)
		return
	}
	if err := s.opts.Control.RefreshCerts(); err != nil {
		_, _ = out.Write(protocol.AppendServerError(nil, "refresh_certs: "+oneLine(err)))
		return
	}
	_, _ = out.Write(protocol.AppendOK(nil))
}

// config tells the live gateways.
func config(_ context.Context, s *Server, _ *protocol.Command, out *output) {
	var version uint64
	var all []protocol.Endpoint
	if s.opts.Control.Gateways != nil {
		version, all = s.opts.Control.Gateways()
	}
	if len(all) == 0 {
		version, all = 1, s.self(out.conn)
	}
	if len(all) == 0 {
		out.refuse(protocol.ErrUnknown)
		return
	}
	_, _ = out.Write(protocol.AppendCluster(nil, version, all))
}

// self is this gateway as the client has reached it or, by a unix socket, as others may.
func (s *Server) self(c *conn) []protocol.Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	addresses := []net.Addr{c.net.LocalAddr()}
	for _, l := range s.listeners {
		addresses = append(addresses, l.Addr())
	}
	for _, a := range addresses {
		if tcp, ok := a.(*net.TCPAddr); ok {
			return []protocol.Endpoint{{Host: tcp.IP.String(), Port: strconv.Itoa(tcp.Port)}}
		}
	}
	return nil
}

// debugTime moves the clock of all nodes.
func debugTime(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	if s.opts.Control.MoveClock == nil {
		out.refuse(protocol.ErrUnknown)
		return
	}
	ctx, cancel := s.patience(ctx)
	defer cancel()
	state := shardv1.ClockState_CLOCK_STATE_UNSPECIFIED
	switch cmd.Clock {
	case protocol.ClockKept:
	case protocol.ClockGoes:
		state = shardv1.ClockState_CLOCK_STATE_RUNNING
	case protocol.ClockStops:
		state = shardv1.ClockState_CLOCK_STATE_STOPPED
	}
	if err := s.opts.Control.MoveClock(ctx, cmd.Exptime, state); err != nil {
		_, _ = out.Write(protocol.AppendServerError(nil, "debugtime: "+oneLine(err)))
		return
	}
	_, _ = out.Write(protocol.AppendOK(nil))
}

// debugItem holds locks and references of memcached's items. Actors have neither: the commands find the item, or not.
func debugItem(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	what, rest := protocol.NextKey(cmd.Args)
	key, _ := protocol.NextKey(rest)
	if s.opts.Control.MoveClock == nil || len(key) == 0 {
		out.refuse(protocol.ErrUnknown)
		return
	}
	switch string(what) {
	case "lock", "unlock":
		_, _ = out.Write(protocol.AppendOK(nil))
	case "ref", "unref":
		s.debugReference(ctx, key, out)
	default:
		out.refuse(protocol.ErrUnknown)
	}
}

// debugReference says whether there is an entry.
func (s *Server) debugReference(ctx context.Context, key []byte, out *output) {
	const look = shardv1.Option_OPTION_UNCOUNTED | shardv1.Option_OPTION_NO_VALUE
	found := make(finding, 1)
	s.opts.Cluster.Submit(&wire.Envelope{Op: shardv1.Op_OP_GET, Key: bytes.Clone(key), Options: uint32(look)}, found, 0)
	select {
	case ok := <-found:
		if ok {
			_, _ = out.Write(protocol.AppendOK(nil))
			return
		}
		_, _ = out.Write([]byte("MISS\r\n"))
	case <-ctx.Done():
	}
}

// finding is the Sink of one question: is there an entry?
type finding chan bool

func (f finding) Reply(_ uint64, r *wire.Reply) { f <- r.Status == shardv1.Status_STATUS_OK }
