package service

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxUnread is how long a caller of Dump or Watch may take nothing of what waits for
// him. It is twice what a gateway gives a client by default (--write-timeout): where
// a client of memcached's protocol is the slow one, the gateway closes his connection.
const maxUnread = 2 * time.Minute

// whileRead runs the work of a server stream in a goroutine of its own, so that it can
// be ended while it waits in send: when the node drains, or when the caller has taken
// nothing for s.maxUnread. The end is then an error: what the caller has is not all.
//
// What was sent before that, no more than gRPC's 64 KB for a stream, waits with the
// connection until the caller reads it, and the error behind it.
func (s *Service) whileRead(stream grpc.ServerStream, work func(ctx context.Context, send func(any) error) error) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	unread := time.NewTimer(s.maxUnread)
	unread.Stop()
	defer unread.Stop()
	send := func(m any) error {
		unread.Reset(s.maxUnread)
		defer unread.Stop()
		return stream.SendMsg(m)
	}
	done := make(chan error, 1)
	go func() { done <- s.guarded(func() error { return work(ctx, send) }) }()
	select {
	case err := <-done:
		return err
	case <-s.drain:
		return status.Error(codes.Unavailable, "the node is leaving")
	case <-unread.C:
		return status.Errorf(codes.DeadlineExceeded, "nothing was read for %v", s.maxUnread)
	}
}
