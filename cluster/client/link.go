package client

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// LinkState is what a link can do for a call now.
type LinkState uint8

const (
	// LinkConnecting holds calls until the attempt to connect has an outcome.
	LinkConnecting LinkState = iota
	// LinkUp sends calls.
	LinkUp
	// LinkDown refuses calls: the last attempt to connect failed.
	LinkDown
	// LinkClosed refuses calls: the client is closed or the node left the map.
	LinkClosed
)

func (s LinkState) String() string {
	return [...]string{"connecting", "up", "down", "closed"}[s]
}

// Link is a client's stream to one node. It batches what it sends, finds the call
// of each reply, and connects again when the stream breaks.
type Link struct {
	client *Client
	node   shard.Node
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	kick   chan struct{} // wakes the sender; holds one token

	// patience is until when calls wait for a node that has ended its stream in
	// order: it restarts, or the map is about to name another. Only run touches it.
	patience time.Time

	// mu guards all below. It is held for memory operations only; sinks are
	// called without it.
	mu      sync.Mutex
	state   LinkState
	why     string             // why the state is down
	conn    *grpc.ClientConn   // of the stream that is up; else nil
	breakIt context.CancelFunc // ends the stream that is up
	table   table
	lanes   []lane
	parked  map[uint32][]call // calls of held lanes
	waiting []call            // submitted while connecting
	queue   []sending         // encoded, not yet with gRPC; the last one is open
	queued  int               // bytes in queue
	seq     uint64            // of the last call submitted
	sent    uint64            // calls up to this seq were given to gRPC
	asleep  bool              // the sender waits for kick
	heard   int64             // tick of the last reply
}

// sending is a batch, and the seq of its last call.
type sending struct {
	batch wire.Requests
	last  uint64
}

// newLink starts a link. It ends with the client or when it is closed.
func newLink(c *Client, n shard.Node, shards int) *Link {
	ctx, cancel := context.WithCancel(c.ctx)
	l := &Link{
		client: c, node: n, ctx: ctx, cancel: cancel, done: make(chan struct{}),
		kick: make(chan struct{}, 1), lanes: make([]lane, shards), parked: map[uint32][]call{},
	}
	c.done.Go(l.run)
	return l
}

// Node is the node at the other end.
func (l *Link) Node() shard.Node { return l.node }

// State is the link's state now.
func (l *Link) State() LinkState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// submit takes the call, or says that it is not for this link any more.
func (l *Link) submit(c call) bool {
	l.mu.Lock()
	ln := &l.lanes[c.shard]
	if !ln.open {
		l.mu.Unlock()
		return false
	}
	status, why := l.admit(c, ln)
	l.wake()
	l.mu.Unlock()
	if status != shardv1.Status_STATUS_OK {
		c.fail(status, why)
	}
	return true
}

// wake tells a sleeping sender that there is something to send. mu is held.
func (l *Link) wake() {
	if !l.asleep || len(l.queue) == 0 {
		return
	}
	l.asleep = false
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// admit gives the call a place by the state of its lane and of the link, or says
// why it cannot. mu is held.
func (l *Link) admit(c call, ln *lane) (shardv1.Status, string) {
	l.seq++
	c.seq = l.seq
	if ln.held {
		l.parked[c.shard] = append(l.parked[c.shard], c)
		return shardv1.Status_STATUS_OK, ""
	}
	switch l.state {
	case LinkUp:
		return l.encode(c, ln)
	case LinkConnecting:
		l.waiting = append(l.waiting, c)
		return shardv1.Status_STATUS_OK, ""
	case LinkDown, LinkClosed:
		return shardv1.Status_STATUS_UNAVAILABLE, l.why
	}
	panic("client: link state " + l.state.String())
}

// encode puts the call into the batch that leaves next. mu is held.
func (l *Link) encode(c call, ln *lane) (shardv1.Status, string) {
	size := len(c.env.Key) + len(c.env.Value)
	if l.queued > 0 && l.queued+size > l.client.opts.maxQueue {
		return shardv1.Status_STATUS_BUSY, "node " + l.node.ID + " takes no more for now"
	}
	e := c.env
	e.Epoch, e.Resume = ln.epoch, ln.resume
	ln.resume = false
	ln.outstanding++
	e.ID = l.table.put(c)
	b := l.openBatch(size)
	before := b.batch.Len()
	b.batch.Append(e)
	b.last = c.seq
	l.queued += b.batch.Len() - before
	return shardv1.Status_STATUS_OK, ""
}

// openBatch is the last batch, or a new one if size does not fit there.
func (l *Link) openBatch(size int) *sending {
	n := len(l.queue)
	if n == 0 || l.queue[n-1].batch.Len()+size > wire.BatchBytes {
		l.queue = append(l.queue, sending{})
		n++
	}
	return &l.queue[n-1]
}

// orderlyGrace is how long a node that has left in order is waited for.
const orderlyGrace = 2 * time.Second

// run keeps a stream to the node until the link is closed.
func (l *Link) run() {
	defer close(l.done)
	const minBackoff, maxBackoff = 50 * time.Millisecond, time.Second
	wait := minBackoff
	for l.ctx.Err() == nil {
		if l.session() {
			wait = minBackoff
			continue
		}
		sleep(l.ctx, wait/2+rand.N(wait))
		wait = min(2*wait, maxBackoff)
	}
}

// session connects and serves one stream to its end; false if it did not connect.
func (l *Link) session() bool {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	conn, stream, err := l.connect(ctx)
	if err != nil && time.Now().Before(l.patience) {
		return false
	}
	if err != nil {
		l.refuse(LinkDown, "node "+l.node.ID+" is not reachable: "+Reason(err))
		return false
	}
	defer func() { _ = conn.Close() }()
	l.up(conn, cancel)
	received := make(chan error, 1)
	go func() { received <- l.receive(stream); cancel() }()
	l.send(ctx, stream)
	cancel()
	err = <-received
	if err == nil {
		l.patience = time.Now().Add(orderlyGrace)
	}
	l.broke(err)
	return true
}

// connect opens a connection of its own for each stream: a connection whose peer
// has hung must not be used again.
func (l *Link) connect(ctx context.Context) (*grpc.ClientConn, shardv1.ShardService_DeliverClient, error) {
	conn, err := l.client.dial(l.node)
	if err != nil {
		return nil, nil, err
	}
	stuck, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(l.client.opts.connectTimeout, func() { cancel(errSilent) })
	stream, err := shardv1.NewShardServiceClient(conn).Deliver(stuck)
	if !timer.Stop() {
		err = errSilent
	}
	if err != nil {
		cancel(nil)
		_ = conn.Close()
		return nil, nil, err
	}
	context.AfterFunc(ctx, func() { cancel(nil) })
	return conn, stream, nil
}

// up sends what waited for the connection.
func (l *Link) up(conn *grpc.ClientConn, breakIt context.CancelFunc) {
	l.client.opts.log.Info().Str("node", l.node.ID).Str("address", l.node.Address).Msg("link up")
	l.mu.Lock()
	if l.state != LinkClosed {
		l.state, l.conn, l.breakIt = LinkUp, conn, breakIt
	}
	l.heard = l.client.tick.Load()
	waiting := l.waiting
	l.waiting = nil
	refused := l.flush(waiting)
	l.mu.Unlock()
	refused.answer()
	l.client.announce()
}

// flush sends calls that have been held, in order. mu is held.
func (l *Link) flush(calls []call) rejections {
	var refused rejections
	for _, c := range calls {
		if status, why := l.admit(c, &l.lanes[c.shard]); status != shardv1.Status_STATUS_OK {
			refused = append(refused, rejection{c, status, why})
		}
	}
	l.wake()
	return refused
}

// refuse takes the link down (or closes it) and answers what waited for it.
func (l *Link) refuse(state LinkState, why string) {
	l.mu.Lock()
	changed := l.state != state
	if l.state != LinkClosed {
		l.state, l.why = state, why
	}
	waiting := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	if changed {
		l.event(state == LinkClosed).Str("node", l.node.ID).Str("state", state.String()).Msg(why)
	}
	for i := range waiting {
		waiting[i].fail(shardv1.Status_STATUS_UNAVAILABLE, why)
	}
	l.client.announce()
}

// event is a log line: a warning, unless what happened was intended.
func (l *Link) event(intended bool) *zerolog.Event {
	if intended {
		return l.client.opts.log.Debug() //nolint:zerologlint // the caller sends it
	}
	return l.client.opts.log.Warn() //nolint:zerologlint // the caller sends it
}

// close ends the link and answers all its calls.
func (l *Link) close() {
	l.refuse(LinkClosed, "node "+l.node.ID+": connection closed")
	l.cancel()
	<-l.done
	l.failParked()
}

// rejection is a call that is answered without the node, once no lock is held.
type rejection struct {
	call   call
	status shardv1.Status
	why    string
}

type rejections []rejection

func (rs rejections) answer() {
	for i := range rs {
		rs[i].call.fail(rs[i].status, rs[i].why)
	}
}
