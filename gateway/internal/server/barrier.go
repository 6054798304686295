package server

import (
	"context"
	"strings"

	"github.com/memactor/memactor/gateway/internal/protocol"
	"github.com/memactor/memactor/gateway/internal/session"
)

// barrier executes a command that goes to the whole cluster.
func (c *conn) barrier(b session.Barrier) {
	ctx, cancel := context.WithTimeout(context.Background(), c.srv.opts.Timeouts.Cluster)
	defer cancel()
	switch b.Verb {
	case protocol.VerbFlushAll:
		c.session.BarrierReply(c.srv.flushAll(ctx, b.Exptime))
	case protocol.VerbStats:
		group, _ := protocol.NextKey(b.Group)
		c.session.BarrierReply(c.srv.stats(ctx, string(group)))
	default:
		c.session.BarrierReply(protocol.AppendError(nil, protocol.ErrUnknown))
	}
}

func (s *Server) flushAll(ctx context.Context, exptime int64) []byte {
	if err := s.opts.Cluster.FlushAll(ctx, exptime); err != nil {
		return protocol.AppendServerError(nil, "flush_all: "+oneLine(err))
	}
	return protocol.AppendOK(nil)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
