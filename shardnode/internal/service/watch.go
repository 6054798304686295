package service

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/shardnode/internal/watch"
)

// watchBatch is how many events a response has at most.
const watchBatch = 128

// Watch sends events as they happen. While the caller does not read, they are lost, and
// a caller who does not read at all is left (whileRead).
func (s *Service) Watch(req *shardv1.WatchRequest, stream shardv1.ShardService_WatchServer) error {
	w, err := s.region.Events().Watch(watch.KindsOf(req.GetKinds()...))
	if err != nil {
		return status.Error(codes.ResourceExhausted, err.Error())
	}
	return s.whileRead(stream, func(ctx context.Context, send func(any) error) error {
		defer w.Close()
		return relay(ctx, w, send)
	})
}

func relay(ctx context.Context, w *watch.Watcher, send func(any) error) error {
	if err := send(&shardv1.WatchResponse{}); err != nil {
		return err
	}
	var (
		taken  [watchBatch]watch.Event
		events [watchBatch]shardv1.LogEvent
		refs   [watchBatch]*shardv1.LogEvent
	)
	for i := range refs {
		refs[i] = &events[i]
	}
	for {
		n, skipped, err := w.Take(ctx, taken[:])
		if err != nil {
			return status.FromContextError(err).Err()
		}
		for i := range n {
			setEvent(&events[i], &taken[i])
		}
		if err := send(&shardv1.WatchResponse{Events: refs[:n], Skipped: skipped}); err != nil {
			return err
		}
	}
}

// setEvent makes m the message of e, whose key it borrows.
func setEvent(m *shardv1.LogEvent, e *watch.Event) {
	m.Kind, m.Time, m.Key, m.Op, m.Outcome = e.Kind, e.Time, e.Key(), e.Op, e.Outcome
	m.Ttl, m.Size, m.Idle, m.Fetched = e.TTL, uint64(e.Size), uint64(max(e.Idle, 0)), e.Fetched
}
