package service

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/shardnode/internal/region"
)

// maxDumps is how many may dump at once: each costs some time of a processor.
const maxDumps = 8

// Dump lists all entries. What the caller does not read is not read here either: that
// is gRPC's flow control, and no lock is held during it. A caller who reads nothing at
// all is left (whileRead).
func (s *Service) Dump(_ *shardv1.DumpRequest, stream shardv1.ShardService_DumpServer) error {
	select {
	case s.dumps <- struct{}{}:
	default:
		return status.Errorf(codes.ResourceExhausted, "%d dumps are under way", maxDumps)
	}
	return s.whileRead(stream, func(ctx context.Context, send func(any) error) error {
		defer func() { <-s.dumps }()
		return dump(ctx, s.region.NewDump(), send)
	})
}

func dump(ctx context.Context, d *region.Dump, send func(any) error) error {
	var entries []*shardv1.Metadata
	for {
		batch, err := d.Next(ctx)
		if err != nil {
			return status.FromContextError(err).Err()
		}
		if len(batch) == 0 {
			return nil
		}
		entries = metadata(entries[:0], batch)
		if err := send(&shardv1.DumpResponse{Entries: entries}); err != nil {
			return err
		}
	}
}

// metadata appends the batch to all, and uses the messages that all has room for again.
func metadata(all []*shardv1.Metadata, batch []region.Metadata) []*shardv1.Metadata {
	for i := range batch {
		m := &batch[i]
		if len(all) < cap(all) && all[:len(all)+1][len(all)] != nil {
			all = all[:len(all)+1]
		} else {
			all = append(all, &shardv1.Metadata{})
		}
		e := all[len(all)-1]
		e.Key, e.Expires, e.Accessed, e.Cas = m.Key, m.Expires, m.Accessed, m.Cas
		e.Size, e.Flags, e.Fetched = uint64(m.Size), m.Flags, m.Fetched
	}
	return all
}
