package server

import (
	"context"
	"errors"
	"strings"

	"github.com/memactor/memactor/gateway/internal/protocol"
)

// handler executes a command that goes to the whole cluster and writes its answer to out. cmd, its slices included, is the
// handler's until it returns. ctx ends when the server does; whatever the handler waits for needs a bound of its own
// ([Server.patience]).
type handler func(ctx context.Context, s *Server, cmd *protocol.Command, out *output)

// handlers are by verb, one for each that the protocol calls a barrier. They are in a file for each family.
//
//nolint:gochecknoglobals // a table that is never written to
var handlers = map[protocol.Verb]handler{
	protocol.VerbFlushAll:      flushAll,
	protocol.VerbStats:         stats,
	protocol.VerbShutdown:      shutdown,
	protocol.VerbCacheMemlimit: cacheMemlimit,
	protocol.VerbMetadump:      metadump,
	protocol.VerbMgdump:        mgdump,
	protocol.VerbWatch:         watch,
	protocol.VerbRefreshCerts:  refreshCerts,
	protocol.VerbConfig:        config,
	protocol.VerbDebugTime:     debugTime,
	protocol.VerbDebugItem:     debugItem,
}

// barrier executes the round's barrier, the only command of its round: all that was before it has been written.
func (c *conn) barrier(cmd *protocol.Command, m *memory) error {
	out := output{conn: c, buf: m.out[:0], answer: cmd.Answer}
	handlers[cmd.Verb](c.srv.life, c.srv, cmd, &out)
	err := out.Flush()
	m.out = out.buf
	if err == nil && out.ended {
		return errEnded
	}
	return err
}

// errEnded is the end of a connection after which nothing is answered.
var errEnded = errors.New("ended by a command")

// patience is ctx for one request to the whole cluster.
func (s *Server) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.opts.Timeouts.Cluster)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
