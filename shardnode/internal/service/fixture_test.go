package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/region"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const self, other = "n1", "n2"

// mapOf is a map in which n1 owns the shards that owns says, and n2 the others.
func mapOf(t testing.TB, version uint64, shards int, owns func(id int) bool) *shard.Map {
	t.Helper()
	table := shard.Table{
		ClusterID: "test", Version: version,
		Nodes: []shard.Node{{ID: self, Address: "127.0.0.1:1"}, {ID: other, Address: "127.0.0.1:2"}},
	}
	for id := range shards {
		e := shard.Entry{Epoch: version, Owner: 1}
		if owns(id) {
			e.Owner = 0
		}
		table.Shards = append(table.Shards, e)
	}
	m, err := shard.New(table)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func all(int) bool    { return true }
func nobody(int) bool { return false }

// fixture is a served region, with a client that uses generated code only: what
// any other client would send and get.
type fixture struct {
	testing.TB
	region  *region.Region
	service *Service
	server  *grpc.Server
	conn    *grpc.ClientConn
	client  shardv1.ShardServiceClient
	m       *shard.Map
	served  chan error
}

// newFixture serves a region without a map.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	r := region.New(region.Options{NodeID: self, Memory: 512 << 20, MaxItem: 128 << 20, Log: zerolog.Nop()})
	s := New(r, &Stats{Region: r, MaxItem: 1 << 20}, zerolog.Nop())
	f := &fixture{TB: t, region: r, service: s, server: grpc.NewServer(ServerOptions()...), served: make(chan error, 1)}
	s.Register(f.server)
	listener := bufconn.Listen(1 << 20)
	go func() { f.served <- f.server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///test",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(64<<10), // and no more, however fast it goes
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)))
	if err != nil {
		t.Fatal(err)
	}
	f.conn, f.client = conn, shardv1.NewShardServiceClient(conn)
	t.Cleanup(f.close)
	return f
}

// newServing serves a region that hosts all of 16 shards.
func newServing(t testing.TB) *fixture {
	t.Helper()
	f := newFixture(t)
	f.setMap(1, all)
	return f
}

func (f *fixture) close() {
	_ = f.conn.Close()
	f.server.Stop()
	<-f.served
	f.region.Wait()
}

func (f *fixture) setMap(version uint64, owns func(int) bool) {
	f.Helper()
	f.m = mapOf(f, version, 16, owns)
	if err := f.region.SetMap(f.m); err != nil {
		f.Fatal(err)
	}
}

// within is the context of a call.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// conversation is a Deliver stream seen from the client.
type conversation struct {
	f      *fixture
	stream shardv1.ShardService_DeliverClient
	ctx    context.Context
	cancel context.CancelFunc
	id     uint64
}

func (f *fixture) converse(opts ...grpc.CallOption) *conversation {
	f.Helper()
	ctx, cancel := context.WithCancel(within(f))
	stream, err := f.client.Deliver(ctx, opts...)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(cancel)
	return &conversation{f: f, stream: stream, ctx: ctx, cancel: cancel}
}

// envelope has the shard of its key and the next id.
func (c *conversation) envelope(op shardv1.Op, key, value string) *shardv1.Envelope {
	c.id++
	return &shardv1.Envelope{
		Id: c.id, Op: op, Shard: uint32(c.f.m.Of([]byte(key))), Key: []byte(key), Value: []byte(value), Delta: 1,
	}
}

func (c *conversation) send(envelopes ...*shardv1.Envelope) {
	c.f.Helper()
	if err := c.stream.Send(&shardv1.DeliverRequest{Envelopes: envelopes}); err != nil {
		c.f.Fatal(err)
	}
}

// receive waits for n replies and returns them by id.
func (c *conversation) receive(n int) map[uint64]*shardv1.Reply {
	c.f.Helper()
	replies := map[uint64]*shardv1.Reply{}
	for len(replies) < n {
		in, err := c.stream.Recv()
		if err != nil {
			c.f.Fatalf("after %d of %d replies: %v", len(replies), n, err)
		}
		for _, r := range in.GetReplies() {
			if replies[r.GetId()] != nil {
				c.f.Fatalf("two replies to %d", r.GetId())
			}
			replies[r.GetId()] = r
		}
	}
	return replies
}

// call sends one envelope and waits for its reply.
func (c *conversation) call(e *shardv1.Envelope) *shardv1.Reply {
	c.f.Helper()
	c.send(e)
	return c.receive(1)[e.GetId()]
}

func (c *conversation) expectEnd() {
	c.f.Helper()
	if in, err := c.stream.Recv(); !errors.Is(err, io.EOF) {
		c.f.Fatalf("stream has not ended in order: %v, %v", in, err)
	}
}

// held is an actor that runs until it is released: its turn's Sink waits.
type held struct{ entered, open, done chan struct{} }

func (f *fixture) hold(key string) *held {
	h := &held{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	d := f.region.NewDeliverer(h, h)
	go func() {
		defer close(h.done)
		d.Deliver(&wire.Envelope{Op: shardv1.Op_OP_GET, Shard: uint32(f.m.Of([]byte(key))), Key: []byte(key)})
	}()
	select {
	case <-h.entered:
	case <-time.After(10 * time.Second):
		f.Fatal("no turn has begun")
	}
	return h
}

func (h *held) Reply(uint32, *wire.Reply) {
	close(h.entered)
	<-h.open
}

func (h *held) release() {
	close(h.open)
	<-h.done
}

// awaitMails waits until so many envelopes have become mail.
func (f *fixture) awaitMails(n int) {
	f.Helper()
	for end := time.Now().Add(10 * time.Second); f.region.Stats().Counts[region.Mails] < uint64(n); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			f.Fatalf("not %d mails in time", n)
		}
	}
}

func wantStatus(t testing.TB, r *shardv1.Reply, want shardv1.Status) {
	t.Helper()
	if r.GetStatus() != want {
		t.Fatalf("reply %d is %s (%s), want %s", r.GetId(), r.GetStatus(), r.GetMessage(), want)
	}
}

func key(i int) string { return fmt.Sprint("key", i) }
