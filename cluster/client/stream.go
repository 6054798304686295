package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"google.golang.org/grpc"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

var errProtocol = errors.New("the node broke the protocol")

// send gives gRPC one batch after another until ctx ends or the stream fails.
func (l *Link) send(ctx context.Context, stream grpc.ClientStream) {
	for {
		batch, ok := l.takeBatch()
		if !ok {
			select {
			case <-l.kick:
				// Whoever is running gets to add its calls to the batch: without
				// this, batches hold one call each.
				runtime.Gosched()
				continue
			case <-ctx.Done():
				return
			}
		}
		if err := stream.SendMsg(&batch); err != nil {
			return // the receiver has the reason
		}
	}
}

func (l *Link) takeBatch() (wire.Requests, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.asleep = true
		return wire.Requests{}, false
	}
	first := l.queue[0]
	l.queue = slices.Delete(l.queue, 0, 1)
	l.queued -= first.batch.Len()
	l.sent = first.last
	return first.batch, true
}

// receive hands replies to their sinks until the stream ends; nil if the node
// ended it in order, having answered all that it will ever execute.
func (l *Link) receive(stream grpc.ClientStream) error {
	var s settlement
	for {
		var replies wire.Replies
		if err := stream.RecvMsg(&replies); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := l.settle(&replies, &s); err != nil {
			return err
		}
	}
}

// settlement is the receiver's scratch: replies whose calls have been found.
type settlement struct {
	done    []answer
	drained []shard.ID
	moved   *shardv1.Moved
}

type answer struct {
	call  call
	reply wire.Reply
}

// settle finds the calls of a batch under the lock, some at a time, and calls
// their sinks without it.
func (l *Link) settle(replies *wire.Replies, s *settlement) error {
	defer replies.Free()
	for more := true; more; {
		s.done, s.drained, s.moved = s.done[:0], s.drained[:0], nil
		var err error
		l.mu.Lock()
		more, err = l.match(replies, s)
		l.mu.Unlock()
		for i := range s.done {
			a := &s.done[i]
			a.call.sink.Reply(a.call.tag, &a.reply)
		}
		l.client.progress(l, s.drained, s.moved)
		if err != nil {
			return err
		}
	}
	return nil
}

// match takes up to 64 replies' calls out of the table; false at the batch's end.
func (l *Link) match(replies *wire.Replies, s *settlement) (bool, error) {
	l.heard = l.client.tick.Load()
	for range 64 {
		s.done = append(s.done, answer{})
		a := &s.done[len(s.done)-1]
		ok, err := replies.Next(&a.reply)
		if ok && err == nil {
			a.call, ok = l.table.take(a.reply.ID)
			if !ok {
				err = fmt.Errorf("%w: reply to unknown id %d", errProtocol, a.reply.ID)
			}
		}
		if !ok || err != nil {
			s.done = s.done[:len(s.done)-1]
			return false, err
		}
		l.account(a, s)
	}
	return true, nil
}

// account updates the lane of a reply, and keeps in s.done only what its sink is
// to see: a moved call is parked, an abandoned one has been answered before.
func (l *Link) account(a *answer, s *settlement) {
	ln := &l.lanes[a.call.shard]
	ln.outstanding--
	moved := a.reply.Status == shardv1.Status_STATUS_MOVED
	abandoned := a.call.sink == nil
	if moved {
		ln.held, ln.resume, ln.rejected = true, true, a.sentEpoch(ln)
		s.moved = newer(s.moved, a.reply.Moved)
	}
	if moved && !abandoned {
		l.parked[a.call.shard] = append(l.parked[a.call.shard], a.call)
	}
	if ln.held && ln.outstanding == 0 {
		s.drained = append(s.drained, shard.ID(a.call.shard))
	}
	if moved || abandoned {
		s.done = s.done[:len(s.done)-1]
	}
}

// sentEpoch is the epoch under which the call was sent.
func (a *answer) sentEpoch(ln *lane) uint64 {
	if a.call.sink == nil {
		return ln.epoch
	}
	return a.call.env.Epoch
}

// newer is the one of two moved entries with the higher map version.
func newer(a, b *shardv1.Moved) *shardv1.Moved {
	if b.GetMapVersion() > a.GetMapVersion() {
		return b
	}
	return a
}

// broke settles all calls of a stream that has ended: those that were surely not
// executed and the reads wait for the next stream, the others have failed.
func (l *Link) broke(err error) {
	l.mu.Lock()
	l.conn, l.breakIt = nil, nil
	calls := l.table.drain()
	slices.SortFunc(calls, func(a, b call) int { return cmp.Compare(a.seq, b.seq) })
	var failed rejections
	again := l.waiting[:0:0]
	why := l.broken(err)
	for _, c := range calls {
		switch {
		case c.sink == nil:
		case err == nil || c.seq > l.sent || isRead(c.env):
			again = append(again, c)
		default:
			failed = append(failed, rejection{c, shardv1.Status_STATUS_UNKNOWN_OUTCOME, why})
		}
	}
	l.clearStream()
	failed = append(failed, l.replay(again)...)
	drained := l.heldLanes()
	l.mu.Unlock()
	failed.answer()
	l.client.announce()
	l.client.progress(l, drained, nil)
}

func (l *Link) broken(err error) string {
	why := "node " + l.node.ID + " closed the stream"
	if err != nil {
		why = "node " + l.node.ID + ": connection lost"
		err = plain{err}
	}
	l.event(l.state == LinkClosed).Err(err).Str("node", l.node.ID).Msg("link broken")
	return why
}

// clearStream forgets what belonged to the stream that has ended. mu is held.
func (l *Link) clearStream() {
	for i := range l.queue {
		l.queue[i].batch.Free()
	}
	l.queue, l.queued = nil, 0
	for i := range l.lanes {
		l.lanes[i].outstanding, l.lanes[i].resume = 0, false
	}
	if l.state != LinkClosed {
		l.state = LinkConnecting
	}
	l.asleep = false
	select {
	case <-l.kick:
	default:
	}
}

// replay keeps calls of a stream that has ended for the next one. mu is held.
func (l *Link) replay(calls []call) rejections {
	var refused rejections
	for _, c := range calls {
		switch {
		case l.lanes[c.shard].held:
			l.parked[c.shard] = append(l.parked[c.shard], c)
		case l.state == LinkClosed:
			refused = append(refused, rejection{c, shardv1.Status_STATUS_UNAVAILABLE, l.why})
		default:
			l.waiting = append(l.waiting, c)
		}
	}
	return refused
}

// heldLanes lists the shards whose lanes wait for the client. mu is held.
func (l *Link) heldLanes() []shard.ID {
	var held []shard.ID
	for i := range l.lanes {
		if l.lanes[i].held {
			held = append(held, shard.ID(i))
		}
	}
	return held
}

// expire answers the calls whose time is over, and breaks a stream on which the
// node has been silent for that long.
func (l *Link) expire(now int64) {
	l.mu.Lock()
	var late rejections
	end := func(c *call) bool {
		if c.sink == nil || c.expires > now {
			return false
		}
		late = append(late, rejection{*c, shardv1.Status_STATUS_UNAVAILABLE, "node " + l.node.ID + " did not answer in time"})
		return true
	}
	silent := false
	l.table.live(func(c *call) {
		if end(c) {
			late[len(late)-1].status = c.timeout()
			c.env, c.sink = nil, nil
			silent = silent || l.heard+l.client.opts.timeoutTicks <= now
		}
	})
	l.waiting = slices.DeleteFunc(l.waiting, func(c call) bool { return end(&c) })
	for id, calls := range l.parked {
		l.parked[id] = slices.DeleteFunc(calls, func(c call) bool { return end(&c) })
	}
	if silent && l.breakIt != nil {
		l.breakIt()
	}
	l.mu.Unlock()
	late.answer()
}
