package server

import (
	"context"
	"errors"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// metadump and mgdump list all entries. The nodes send no faster than the client reads.
func metadump(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	if s.opts.Forbidden.Dump {
		out.refuse(protocol.ErrMetaForbidden)
		return
	}
	dump(ctx, s, cmd, out, protocol.ErrPipelinedMeta, protocol.AppendMetadump)
}

func mgdump(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	if s.opts.Forbidden.Dump {
		out.refuse(protocol.ErrMgForbidden)
		return
	}
	dump(ctx, s, cmd, out, protocol.ErrPipelinedMg, protocol.AppendMgdump)
}

func dump(
	ctx context.Context, s *Server, cmd *protocol.Command, out *output,
	pipelined protocol.Error, line func([]byte, *shardv1.Metadata) []byte,
) {
	if out.conn.pipelined {
		out.refuse(pipelined)
		return
	}
	begun, err := false, error(nil)
	if !cmd.Empty {
		var buf []byte
		err = s.opts.Cluster.Dump(ctx, func(entries []*shardv1.Metadata) error {
			buf = buf[:0]
			if !begun {
				begun, buf = true, protocol.AppendOK(buf)
			}
			for _, e := range entries {
				buf = line(buf, e)
			}
			_, err := out.Write(buf)
			return err
		})
	}
	switch {
	case !begun && errors.Is(err, client.ErrBusy):
		out.refuse(protocol.ErrDumping)
	case err != nil:
		// The list is not complete: there is no END.
		_, _ = out.Write(protocol.AppendServerError(nil, "dump: "+oneLine(err)))
	case !begun:
		_, _ = out.Write(protocol.AppendDumpEnd(protocol.AppendOK(nil), cmd.Verb))
	default:
		_, _ = out.Write(protocol.AppendDumpEnd(nil, cmd.Verb))
	}
}

// maxCachedump bounds stats cachedump in bytes, as in memcached.
const maxCachedump = 2 << 20

var errEnough = errors.New("enough")

// someEntries are lines of stats cachedump, no more than limit (0: any number) and 2 MB. errEnough: there are more.
func (s *Server) someEntries(ctx context.Context, limit uint32) ([]byte, error) {
	var all []byte
	shown := uint32(0)
	err := s.opts.Cluster.Dump(ctx, func(entries []*shardv1.Metadata) error {
		for _, e := range entries {
			before := len(all)
			all = protocol.AppendCachedump(all, e)
			switch {
			case len(all)+len("END\r\n") > maxCachedump:
				all = all[:before]
				return errEnough
			case len(all) > before:
				shown++
			}
			if shown == limit && limit > 0 {
				return errEnough
			}
		}
		return nil
	})
	return all, err
}
