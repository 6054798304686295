package service

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/shardnode/internal/region"
)

// reader is a stream whose caller takes a while for each message.
type reader struct {
	grpc.ServerStream
	ctx   context.Context
	takes time.Duration
}

func (r *reader) Context() context.Context { return r.ctx }

func (r *reader) SendMsg(any) error {
	select {
	case <-time.After(r.takes):
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// A caller may be as slow as he likes, and events may be as rare, as long as each
// message is taken within the time.
func TestWhileRead(t *testing.T) {
	for name, c := range map[string]struct {
		takes, pause time.Duration
		want         codes.Code
		after        time.Duration
	}{
		"reads slowly":     {takes: maxUnread - time.Second, want: codes.OK, after: 10 * (maxUnread - time.Second)},
		"has little to do": {takes: time.Second, pause: time.Hour, want: codes.OK, after: 10 * (time.Hour + time.Second)},
		"reads nothing":    {takes: maxUnread + time.Second, want: codes.DeadlineExceeded, after: maxUnread},
		"stops in between": {takes: maxUnread + time.Second, pause: time.Hour, want: codes.DeadlineExceeded, after: time.Hour + maxUnread},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := region.New(region.Options{NodeID: self, Memory: 64 << 20, MaxItem: 1 << 20, Log: zerolog.Nop()})
				s := New(r, &Stats{Region: r, MaxItem: 1 << 20}, zerolog.Nop())
				began := time.Now()
				err := s.whileRead(&reader{ctx: t.Context(), takes: c.takes}, func(_ context.Context, send func(any) error) error {
					for range 10 {
						time.Sleep(c.pause)
						if err := send(nil); err != nil {
							return err
						}
					}
					return nil
				})
				if took := time.Since(began); status.Code(err) != c.want || took != c.after {
					t.Errorf("ended with %v after %v", err, took)
				}
			})
		})
	}
}

// Callers who open all dumps and watches that there are, and read nothing, do not keep
// them from others.
func TestUnreadStreamsEnd(t *testing.T) {
	f := newServing(t)
	f.service.maxUnread = 300 * time.Millisecond
	f.fill("k", 20_000)
	var unread []func() error // read once
	for range maxDumps {
		stream, err := f.client.Dump(within(t), &shardv1.DumpRequest{})
		if err != nil {
			t.Fatal(err)
		}
		unread = append(unread, func() error { _, err := stream.Recv(); return err })
	}
	for range 20 {
		stream := f.watch()
		unread = append(unread, func() error { _, err := stream.Recv(); return err })
	}
	eventually(t, "somebody else may dump", func() bool { return f.dumps(t) == nil })
	eventually(t, "nobody watches", func() bool {
		f.fill("k", 1000) // until there are more events than the windows hold
		return f.region.Events().Stats().Watchers == 0
	})
	for i, read := range unread {
		err := error(nil)
		for err == nil {
			err = read()
		}
		if status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("the stream %d ended with %v", i, err)
		}
	}
}

// dumps reads a dump to its end; nil: it is complete.
func (f *fixture) dumps(t *testing.T) error {
	t.Helper()
	stream, err := f.client.Dump(within(t), &shardv1.DumpRequest{})
	for err == nil {
		_, err = stream.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
