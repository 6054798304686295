package client

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/cluster/shardpb"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

const testShards = 8

// maps is a Maps whose map the test sets.
type maps struct {
	mu       sync.Mutex
	current  *shard.Map
	watchers []chan *shard.Map
}

func (m *maps) WatchMap(context.Context) <-chan *shard.Map {
	m.mu.Lock()
	defer m.mu.Unlock()
	ch := make(chan *shard.Map, 100)
	if m.current != nil {
		ch <- m.current
	}
	m.watchers = append(m.watchers, ch)
	return ch
}

func (m *maps) set(next *shard.Map) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = next
	for _, ch := range m.watchers {
		ch <- next
	}
}

// executed is one envelope that an actor has handled.
type executed struct {
	key   string
	value string
}

// cluster is a set of fake nodes with one journal and one store.
type cluster struct {
	t       *testing.T
	maps    maps
	nodes   []*node
	version uint64

	mu      sync.Mutex
	journal []executed
	store   map[string]string
}

// node is a shard node of few words, which speaks generated protobuf. It has the
// moved and resume rules of the contract.
type node struct {
	shardv1.UnimplementedShardServiceServer
	cluster *cluster
	id      string
	address string
	server  *grpc.Server

	mu     sync.Mutex
	epochs map[uint32]uint64 // of the shards it serves
	m      *shard.Map        // what it knows
	mute   chan struct{}     // while open, nothing is answered; nil: not mute
	noHold bool              // the planted bug: no memory of refused shards

	full     bool          // there are too many dumps and watchers
	dumped   atomic.Int64  // entries of all dumps
	watchers atomic.Int64  // now
	events   chan struct{} // each is one event for a watcher
	limit    atomic.Uint64 // of memory
	clock    atomic.Int64  // seconds by which it was moved
}

func startCluster(t *testing.T, nodes int) *cluster {
	t.Helper()
	c := &cluster{t: t, store: map[string]string{}}
	for i := range nodes {
		n := &node{cluster: c, id: string(rune('a' + i)), epochs: map[uint32]uint64{}, events: make(chan struct{})}
		n.listen("127.0.0.1:0")
		c.nodes = append(c.nodes, n)
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			n.server.Stop()
		}
	})
	return c
}

func (n *node) listen(address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		n.cluster.t.Fatal(err)
	}
	n.address = l.Addr().String()
	n.server = grpc.NewServer()
	shardv1.RegisterShardServiceServer(n.server, n)
	go func() { _ = n.server.Serve(l) }()
}

// mapOf makes the next map; owners are node indices by shard.
func (c *cluster) mapOf(owners [testShards]int) *shard.Map {
	c.version++
	t := shard.Table{ClusterID: "test", Version: c.version}
	for _, n := range c.nodes {
		t.Nodes = append(t.Nodes, shard.Node{ID: n.id, Address: n.address})
	}
	for _, o := range owners {
		t.Shards = append(t.Shards, shard.Entry{Epoch: c.version, Owner: o})
	}
	m, err := shard.New(t)
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// serve makes a node act on m.
func (n *node) serve(m *shard.Map) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.m = m
	clear(n.epochs)
	for id := range m.Len() {
		if owner, ok := m.Owner(shard.ID(id)); ok && owner.ID == n.id {
			n.epochs[uint32(id)] = m.Epoch(shard.ID(id))
		}
	}
}

// publish gives a map to all nodes and then to the clients.
func (c *cluster) publish(m *shard.Map) {
	for _, n := range c.nodes {
		n.serve(m)
	}
	c.maps.set(m)
}

func (n *node) Deliver(stream shardv1.ShardService_DeliverServer) error {
	refused := map[uint32]bool{}
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		resp := &shardv1.DeliverResponse{}
		for _, e := range req.GetEnvelopes() {
			resp.Replies = append(resp.Replies, n.answer(e, refused))
		}
		if mute := n.muted(); mute != nil {
			<-mute
		}
		if err := stream.Send(resp); err != nil {
			return err
		}
	}
}

func (n *node) muted() chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.mute
}

func (n *node) answer(e *shardv1.Envelope, refused map[uint32]bool) *shardv1.Reply {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.GetResume() || n.noHold {
		delete(refused, e.GetShard())
	}
	epoch, served := n.epochs[e.GetShard()]
	if !served || epoch != e.GetEpoch() || refused[e.GetShard()] {
		refused[e.GetShard()] = true
		return &shardv1.Reply{Id: e.GetId(), Status: shardv1.Status_STATUS_MOVED, Moved: &shardv1.Moved{MapVersion: n.m.Version()}}
	}
	return n.cluster.execute(e)
}

func (c *cluster) execute(e *shardv1.Envelope) *shardv1.Reply {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := string(e.GetKey())
	reply := &shardv1.Reply{Id: e.GetId(), Status: shardv1.Status_STATUS_OK}
	switch e.GetOp() {
	case shardv1.Op_OP_GET:
		value, ok := c.store[key]
		if !ok {
			reply.Status = shardv1.Status_STATUS_NOT_FOUND
		}
		reply.Value = []byte(value)
	default:
		c.store[key] = string(e.GetValue())
		c.journal = append(c.journal, executed{key, string(e.GetValue())})
	}
	return reply
}

func (n *node) GetShardMap(context.Context, *shardv1.GetShardMapRequest) (*shardv1.GetShardMapResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return &shardv1.GetShardMapResponse{Map: shardpb.Encode(n.m)}, nil
}

func (n *node) GetStats(context.Context, *shardv1.GetStatsRequest) (*shardv1.GetStatsResponse, error) {
	return &shardv1.GetStatsResponse{Stats: []*shardv1.Stat{
		{Name: "curr_items", Value: "1"}, {Name: "limit_maxbytes", Value: strconv.FormatUint(n.limit.Load(), 10)},
	}}, nil
}

// client starts a client of the cluster, closed at the test's end.
func (c *cluster) client(opts ...Option) *Client {
	cl := New(&c.maps, append([]Option{WithTimeout(3 * time.Second)}, opts...)...)
	c.t.Cleanup(func() { _ = cl.Close() })
	return cl
}

func (c *cluster) ready(cl *Client) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := cl.WaitReady(ctx); err != nil {
		c.t.Fatal(err)
	}
}

// collector is a Sink that keeps statuses by tag.
type collector struct {
	mu       sync.Mutex
	statuses map[uint64]shardv1.Status
	values   map[uint64]string
	messages map[uint64]string
	done     sync.WaitGroup
	twice    bool
}

func newCollector() *collector {
	return &collector{statuses: map[uint64]shardv1.Status{}, values: map[uint64]string{}, messages: map[uint64]string{}}
}

func (k *collector) Reply(tag uint64, r *wire.Reply) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, again := k.statuses[tag]; again {
		k.twice = true
		return
	}
	k.statuses[tag], k.values[tag], k.messages[tag] = r.Status, string(r.Value), r.Message
	k.done.Done()
}

// wait waits for all replies, and fails if one does not come.
func (k *collector) wait(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() { k.done.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("a call was never answered")
	}
	if k.twice {
		t.Fatal("a call was answered twice")
	}
}

func (k *collector) submit(c *Client, op shardv1.Op, key, value string, tag uint64) {
	k.done.Add(1)
	c.Submit(&wire.Envelope{Op: op, Key: []byte(key), Value: []byte(value)}, k, tag)
}
