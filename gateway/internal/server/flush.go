package server

import (
	"context"

	"github.com/memactor/memactor/gateway/internal/protocol"
)

// flushAll says OK when every shard has been flushed, not before.
func flushAll(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	if s.opts.Forbidden.FlushAll {
		out.refuse(protocol.ErrFlushForbidden)
		return
	}
	ctx, cancel := s.patience(ctx)
	defer cancel()
	answer := protocol.AppendOK(nil)
	if err := s.opts.Cluster.FlushAll(ctx, cmd.Exptime); err != nil {
		answer = protocol.AppendServerError(nil, "flush_all: "+oneLine(err))
	}
	_, _ = out.Write(answer)
}
