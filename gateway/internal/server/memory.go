package server

import (
	"context"
	"errors"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/gateway/internal/protocol"
)

// cacheMemlimit changes how much memory all nodes together may use.
func cacheMemlimit(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	ctx, cancel := s.patience(ctx)
	defer cancel()
	switch err := s.opts.Cluster.SetMemoryLimit(ctx, uint64(cmd.Megabytes)<<20); {
	case err == nil:
		_, _ = out.Write(protocol.AppendOK(nil))
	case errors.Is(err, client.ErrInvalid):
		out.refuse(protocol.ErrMemlimitRefused)
	default:
		_, _ = out.Write(protocol.AppendServerError(nil, "cache_memlimit: "+oneLine(err)))
	}
}
