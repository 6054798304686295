package service

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// watch begins to watch reads and stores.
func (f *fixture) watch() shardv1.ShardService_WatchClient {
	f.Helper()
	stream, err := f.client.Watch(within(f), &shardv1.WatchRequest{Kinds: []shardv1.LogKind{
		shardv1.LogKind_LOG_KIND_FETCHERS, shardv1.LogKind_LOG_KIND_MUTATIONS,
	}})
	if err != nil {
		f.Fatal(err)
	}
	if first, err := stream.Recv(); err != nil || len(first.GetEvents()) != 0 {
		f.Fatalf("the first response is %v, %v", first, err)
	}
	return stream
}

func TestWatch(t *testing.T) {
	f := newServing(t)
	stream := f.watch()
	f.use()
	var got []string
	for len(got) < 5 {
		r, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.GetEvents() {
			got = append(got, fmt.Sprintf("%s %s", e.GetOp(), e.GetKey()))
		}
	}
	if want := "[OP_SET a OP_SET b OP_GET a OP_GET c OP_TOUCH a]"; fmt.Sprint(got) != want {
		t.Fatalf("got %v, want %s", got, want)
	}
}

// One who does not read loses events, which are counted, and slows nobody.
func TestWatcherThatDoesNotRead(t *testing.T) {
	f := newServing(t)
	stream := f.watch()
	const stores = 20_000
	f.fill("k", stores)
	if skipped := f.region.Events().Stats().Skipped; skipped == 0 {
		t.Fatal("nothing was lost")
	}
	sum := uint64(0)
	for sum < stores {
		r, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		sum += uint64(len(r.GetEvents())) + r.GetSkipped()
		if sum < stores && len(r.GetEvents()) < watchBatch {
			// The last of what was kept: one more event tells how many were lost.
			f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k")})
		}
	}
	_, values := f.stats("")
	if values["log_watcher_skipped"] == "0" || values["log_watchers"] != "1" {
		t.Errorf("skipped %s, watchers %s", values["log_watcher_skipped"], values["log_watchers"])
	}
}

func TestWatchEndsWithTheNode(t *testing.T) {
	f := newServing(t)
	stream := f.watch()
	f.service.Drain()
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Fatalf("watching a node that leaves ended with %v", err)
	}
}

func TestTooManyWatchers(t *testing.T) {
	f := newServing(t)
	for range 20 {
		f.watch()
	}
	stream, err := f.client.Watch(within(t), &shardv1.WatchRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Fatalf("one more watcher: %v", err)
	}
}

func TestSetMemoryLimit(t *testing.T) {
	f := newServing(t)
	if _, err := f.client.SetMemoryLimit(within(t), &shardv1.SetMemoryLimitRequest{Bytes: 256 << 20}); err != nil {
		t.Fatal(err)
	}
	if _, values := f.stats(""); values["limit_maxbytes"] != fmt.Sprint(256<<20) {
		t.Fatalf("the limit is %s", values["limit_maxbytes"])
	}
	for _, bytes := range []uint64{0, 1 << 20} {
		_, err := f.client.SetMemoryLimit(within(t), &shardv1.SetMemoryLimitRequest{Bytes: bytes})
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("a limit of %d bytes: %v", bytes, err)
		}
	}
}
