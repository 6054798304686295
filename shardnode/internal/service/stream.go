package service

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/region"
)

// maxLate bounds the replies in bytes that wait for a stream that is not read. Only
// replies to mail wait: for the others the stream's own goroutine waits, and then
// reads no more envelopes.
const maxLate = 64 << 20

// stream is one Deliver call. Its worker goroutine receives, delivers and answers
// batches; its handler waits for the worker's end or for the drain; late replies
// have a goroutine of their own while there are some.
type stream struct {
	grpc    grpc.ServerStream
	out     wire.Replies // of the batch that is delivered now
	failure chan error   // holds the first reason to break the stream

	sending sync.Mutex // held during SendMsg
	batch   sync.Mutex // held from a batch's receipt to its answer
	ended   bool       // guarded by batch: nothing is delivered any more

	mu      sync.Mutex // guards all below
	late    wire.Replies
	pushing bool                // a goroutine sends late replies
	owed    int                 // envelopes that are still to be answered late
	paid    *sync.Cond          // told when nothing is late any more
	refused map[uint32]struct{} // shards for which moved was answered
	refuses atomic.Bool         // there has been one: else mu need not be taken
}

// Deliver serves one stream of envelopes.
func (s *Service) Deliver(server shardv1.ShardService_DeliverServer) error {
	st := &stream{grpc: server, failure: make(chan error, 1), refused: map[uint32]struct{}{}}
	st.paid = sync.NewCond(&st.mu)
	done := make(chan error, 1)
	go func() { done <- s.guard(st.work) }()
	select {
	case err := <-done:
		return err
	case err := <-st.failure:
		return err
	case <-s.drain:
		return st.end()
	}
}

// guard turns a panic into an error: the interceptors cannot, in another goroutine.
func (s *Service) guard(work func(*region.Region) error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			s.log.Error().Str("panic", fmt.Sprint(reason)).Bytes("stack", debug.Stack()).Msg("stream panicked")
			err = status.Error(codes.Internal, "internal error")
		}
	}()
	return work(s.region)
}

// work answers batches until the client has ended the stream.
func (st *stream) work(r *region.Region) error {
	d := r.NewDeliverer((*prompt)(st), (*tardy)(st))
	for {
		var in wire.Requests
		if err := st.grpc.RecvMsg(&in); err != nil {
			if errors.Is(err, io.EOF) {
				return st.settle()
			}
			return err
		}
		if err := st.deliver(d, &in); err != nil {
			return err
		}
	}
}

// deliver answers one batch with as few messages as their size allows.
func (st *stream) deliver(d *region.Deliverer, in *wire.Requests) error {
	st.batch.Lock()
	defer st.batch.Unlock()
	defer in.Free()
	if st.ended {
		return nil
	}
	d.Begin()
	var e wire.Envelope
	for {
		ok, err := in.Next(&e)
		if err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		if !ok {
			return st.send(&st.out)
		}
		st.one(d, &e)
		if st.out.Len() >= wire.BatchBytes {
			if err := st.send(&st.out); err != nil {
				return err
			}
		}
	}
}

// one delivers an envelope, unless its shard is refused until a resume.
func (st *stream) one(d *region.Deliverer, e *wire.Envelope) {
	if st.holds(e) {
		d.Refuse(e, shardv1.Status_STATUS_MOVED)
		return
	}
	if !d.Deliver(e) {
		st.mu.Lock()
		st.owed++ // the reply may have come already: then it was below 0
		st.mu.Unlock()
	}
}

func (st *stream) holds(e *wire.Envelope) bool {
	if !st.refuses.Load() {
		return false
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if e.Resume {
		delete(st.refused, e.Shard)
	}
	_, held := st.refused[e.Shard]
	return held
}

// refuse makes the stream refuse the shard. mu is held.
func (st *stream) refuse(shard uint32) {
	st.refused[shard] = struct{}{}
	st.refuses.Store(true)
}

// send sends replies, if there are any.
func (st *stream) send(replies *wire.Replies) error {
	if replies.Len() == 0 {
		return nil
	}
	st.sending.Lock()
	defer st.sending.Unlock()
	return st.grpc.SendMsg(replies)
}

// end ends the stream in order: the batch that is being delivered is answered, and
// nothing behind it is executed.
func (st *stream) end() error {
	st.batch.Lock()
	st.ended = true
	st.batch.Unlock()
	return st.settle()
}

// settle waits until nothing is owed.
func (st *stream) settle() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	for st.owed > 0 || st.pushing {
		st.paid.Wait()
	}
	return nil
}

// fail breaks the stream for err.
func (st *stream) fail(err error) {
	select {
	case st.failure <- err:
	default:
	}
}

// prompt is the stream as the Sink of replies that come while their batch is delivered.
type prompt stream

func (p *prompt) Reply(shard uint32, r *wire.Reply) {
	if r.Status == shardv1.Status_STATUS_MOVED {
		p.mu.Lock()
		(*stream)(p).refuse(shard)
		p.mu.Unlock()
	}
	p.out.Append(r)
}

// tardy is the stream as the Sink of replies that come later, from any goroutine.
type tardy stream

func (t *tardy) Reply(shard uint32, r *wire.Reply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Status == shardv1.Status_STATUS_MOVED {
		(*stream)(t).refuse(shard)
	}
	t.owed--
	if t.late.Len() > maxLate {
		(*stream)(t).fail(status.Error(codes.ResourceExhausted, "replies are not read"))
		return
	}
	t.late.Append(r)
	if !t.pushing {
		t.pushing = true
		go (*stream)(t).push()
	}
}

// push sends late replies until there are none.
func (st *stream) push() {
	for {
		st.mu.Lock()
		batch := st.late
		st.late = wire.Replies{}
		if batch.Len() == 0 {
			st.pushing = false
			st.paid.Broadcast()
		}
		st.mu.Unlock()
		if batch.Len() == 0 {
			return
		}
		if err := st.send(&batch); err != nil {
			st.fail(err)
		}
	}
}
