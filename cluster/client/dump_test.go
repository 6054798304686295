package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// entriesPerNode is what each fake node dumps, in batches of one.
const entriesPerNode = 100

// Dump lists entries; a node with a fault ends in the middle.
func (n *node) Dump(_ *shardv1.DumpRequest, stream shardv1.ShardService_DumpServer) error {
	for i := range entriesPerNode {
		if i == entriesPerNode/2 {
			if err := n.middle(stream.Context()); err != nil {
				return err
			}
		}
		m := &shardv1.Metadata{Key: fmt.Appendf(nil, "%s%d", n.id, i)}
		if err := stream.Send(&shardv1.DumpResponse{Entries: []*shardv1.Metadata{m}}); err != nil {
			return err
		}
		n.dumped.Add(1)
	}
	return nil
}

// middle is what happens to a dump in its middle.
func (n *node) middle(ctx context.Context) error {
	if n.full {
		return status.Error(codes.ResourceExhausted, "too many")
	}
	if mute := n.muted(); mute != nil {
		select {
		case <-mute:
		case <-ctx.Done():
		}
	}
	return nil
}

func dumping(t *testing.T, opts ...Option) (*cluster, *Client) {
	t.Helper()
	c := startCluster(t, 2)
	cl := c.client(opts...)
	c.publish(c.mapOf([testShards]int{0, 1, 0, 1, 0, 1, 0, 1}))
	c.ready(cl)
	return c, cl
}

func TestDumpListsAllNodes(t *testing.T) {
	_, cl := dumping(t)
	keys := map[string]bool{}
	err := cl.Dump(t.Context(), func(entries []*shardv1.Metadata) error {
		for _, e := range entries {
			keys[string(e.GetKey())] = true
		}
		return nil
	})
	if err != nil || len(keys) != 2*entriesPerNode {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
}

func TestDumpEndsWithItsVisitor(t *testing.T) {
	_, cl := dumping(t)
	enough := errors.New("enough")
	n := 0
	err := cl.Dump(t.Context(), func([]*shardv1.Metadata) error {
		n++
		return enough
	})
	if !errors.Is(err, enough) || n != 1 {
		t.Fatalf("visited %d times, %v", n, err)
	}
}

// A dump that is not complete says so.
func TestDumpOfANodeThatFails(t *testing.T) {
	for name, fail := range map[string]func(*node){
		"dies":  func(n *node) { n.server.Stop() },
		"hangs": func(*node) {},
	} {
		t.Run(name, func(t *testing.T) {
			c, cl := dumping(t, WithTimeout(300*time.Millisecond))
			mute := make(chan struct{})
			defer close(mute)
			c.nodes[1].mute = mute
			var once sync.Once
			err := cl.Dump(t.Context(), func([]*shardv1.Metadata) error {
				once.Do(func() { fail(c.nodes[1]) })
				return nil
			})
			if !errors.Is(err, ErrUnavailable) {
				t.Fatalf("ended with %v", err)
			}
		})
	}
}

func TestDumpOfABusyNode(t *testing.T) {
	c, cl := dumping(t)
	c.nodes[0].full = true
	if err := cl.Dump(t.Context(), func([]*shardv1.Metadata) error { return nil }); !errors.Is(err, ErrBusy) {
		t.Fatal(err)
	}
}

func TestDumpThatIsAbandoned(t *testing.T) {
	_, cl := dumping(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := cl.Dump(ctx, func([]*shardv1.Metadata) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// The fake's watch sends each event of its channel, and the count of watchers.
func (n *node) Watch(_ *shardv1.WatchRequest, stream shardv1.ShardService_WatchServer) error {
	if n.full {
		return status.Error(codes.ResourceExhausted, "too many")
	}
	n.watchers.Add(1)
	defer n.watchers.Add(-1)
	if err := stream.Send(&shardv1.WatchResponse{}); err != nil {
		return err
	}
	for {
		select {
		case <-stream.Context().Done():
			return nil
		case <-n.events:
			e := &shardv1.LogEvent{Key: []byte(n.id)}
			if err := stream.Send(&shardv1.WatchResponse{Events: []*shardv1.LogEvent{e}, Skipped: 3}); err != nil {
				return err
			}
		}
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestWatch(t *testing.T) {
	c, cl := dumping(t)
	var seen [2]atomic.Int64
	var skipped atomic.Uint64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait, err := cl.Watch(ctx, nil, func(events []*shardv1.LogEvent, lost uint64) error {
		skipped.Add(lost)
		for _, e := range events {
			seen[e.GetKey()[0]-'a'].Add(1)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range c.nodes {
		if n.watchers.Load() != 1 {
			t.Fatalf("node %d is watched by %d", i, n.watchers.Load())
		}
		n.events <- struct{}{}
		await(t, "its event", func() bool { return seen[i].Load() == 1 })
	}
	if skipped.Load() != 6 {
		t.Errorf("%d lost", skipped.Load())
	}
	// A node that comes back is watched again.
	c.nodes[1].server.Stop()
	c.nodes[1].listen(c.nodes[1].address)
	await(t, "it is watched again", func() bool { return c.nodes[1].watchers.Load() == 1 })
	c.nodes[1].events <- struct{}{}
	await(t, "its event", func() bool { return seen[1].Load() == 2 })
	cancel()
	if err := wait(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	await(t, "nobody watches", func() bool { return c.nodes[0].watchers.Load()+c.nodes[1].watchers.Load() == 0 })
}

func TestWatchEndsWithItsVisitor(t *testing.T) {
	c, cl := dumping(t)
	enough := errors.New("enough")
	wait, err := cl.Watch(t.Context(), nil, func([]*shardv1.LogEvent, uint64) error { return enough })
	if err != nil {
		t.Fatal(err)
	}
	c.nodes[0].events <- struct{}{}
	if err := wait(); !errors.Is(err, enough) {
		t.Fatal(err)
	}
}

func TestTooManyWatchers(t *testing.T) {
	c, cl := dumping(t)
	c.nodes[1].full = true
	if _, err := cl.Watch(t.Context(), nil, nil); !errors.Is(err, ErrBusy) {
		t.Fatal(err)
	}
	await(t, "nobody watches", func() bool { return c.nodes[0].watchers.Load() == 0 })
}

func TestWatchEndsWithTheClient(t *testing.T) {
	_, cl := dumping(t)
	wait, err := cl.Watch(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = cl.Close()
	if err := wait(); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
}

func (n *node) SetMemoryLimit(_ context.Context, r *shardv1.SetMemoryLimitRequest) (*shardv1.SetMemoryLimitResponse, error) {
	if r.GetBytes() < 1000 {
		return nil, status.Error(codes.InvalidArgument, "too little")
	}
	n.limit.Store(r.GetBytes())
	return &shardv1.SetMemoryLimitResponse{}, nil
}

func TestMemoryLimitIsSharedOut(t *testing.T) {
	c, cl := dumping(t)
	c.nodes[0].limit.Store(1000)
	c.nodes[1].limit.Store(3000)
	if err := cl.SetMemoryLimit(t.Context(), 10_001); err != nil {
		t.Fatal(err)
	}
	if a, b := c.nodes[0].limit.Load(), c.nodes[1].limit.Load(); a != 2500 || b != 7501 {
		t.Fatalf("%d and %d", a, b)
	}
	if err := cl.SetMemoryLimit(t.Context(), 100); !errors.Is(err, ErrInvalid) {
		t.Fatal(err)
	}
	c.nodes[1].server.Stop()
	await(t, "the node is gone", func() bool { return cl.Ready() != nil })
	if err := cl.SetMemoryLimit(t.Context(), 20_000); !errors.Is(err, ErrUnavailable) || c.nodes[0].limit.Load() != 2500 {
		t.Fatalf("%v; the other node has %d", err, c.nodes[0].limit.Load())
	}
}

func TestApportion(t *testing.T) {
	for _, c := range []struct {
		total uint64
		now   []nodeLimit
		want  string
	}{
		{10, []nodeLimit{{"a", 1}, {"b", 1}, {"c", 1}}, "map[a:3 b:3 c:4]"},
		{1 << 60, []nodeLimit{{"a", 1 << 40}, {"b", 1 << 40}}, fmt.Sprintf("map[a:%d b:%d]", 1<<59, 1<<59)},
		{7, []nodeLimit{{"a", 0}, {"b", 0}}, "map[a:0 b:7]"},
		{7, nil, "map[]"},
	} {
		if got := fmt.Sprint(apportion(c.total, c.now)); got != c.want {
			t.Errorf("%d over %v: %s, want %s", c.total, c.now, got, c.want)
		}
	}
}

func TestNodes(t *testing.T) {
	c, cl := dumping(t)
	all := cl.Nodes()
	if len(all) != 2 || all[0].Node.ID != "a" || all[0].Link != LinkUp || all[1].Node.Address != c.nodes[1].address {
		t.Fatalf("%+v", all)
	}
}
