package service

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/region"
)

// stream is one Deliver call. Its worker goroutine receives, delivers and answers
// batches, and does all the work; its handler waits for the worker's end, for the
// stream to break, or for the drain. Replies to mail leave in their own time
// (late.go).
//
// Nothing of it makes an actor wait: replies are encoded into memory, and sent when
// no actor runs. A client that does not read its replies finds that its envelopes
// are not read either.
type stream struct {
	grpc grpc.ServerStream
	out  outbox // of the batch that is being delivered

	sending sync.Mutex // held during SendMsg
	batch   sync.Mutex // held from a batch's receipt to its answer
	ended   bool       // guarded by batch: nothing is delivered any more

	refusals refusals
	late     late
}

// Deliver serves one stream of envelopes.
//
// A stream ends in order (status OK) when the client has closed its side, or when
// the node drains. All that was executed has been answered then; what has no answer
// was not executed and may be sent elsewhere.
func (s *Service) Deliver(server shardv1.ShardService_DeliverServer) error {
	st := &stream{grpc: server}
	st.late.init(st)
	defer st.late.end()
	done := make(chan error, 1)
	go func() { done <- s.guarded(func() error { return st.work(s.region) }) }()
	select {
	case err := <-done:
		return err
	case err := <-st.late.broken:
		return err
	case <-s.drain:
		return st.end()
	}
}

// guarded turns a panic into an error: the interceptors cannot, in another goroutine.
func (s *Service) guarded(work func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			s.log.Error().Str("panic", fmt.Sprint(reason)).Bytes("stack", debug.Stack()).Msg("stream panicked")
			err = status.Error(codes.Internal, "internal error")
		}
	}()
	return work()
}

// work answers batches until the client has ended the stream.
func (st *stream) work(r *region.Region) error {
	d := r.NewDeliverer((*prompt)(st), (*tardy)(st))
	for {
		var in wire.Requests
		err := st.grpc.RecvMsg(&in)
		if errors.Is(err, io.EOF) {
			return st.late.settle()
		}
		if err == nil {
			err = st.deliver(d, &in)
		}
		if err != nil {
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
		more, err := in.Next(&e)
		if err != nil {
			return status.Error(codes.InvalidArgument, err.Error())
		}
		if !more {
			return st.flush(true)
		}
		st.one(d, &e)
		if err := st.flush(false); err != nil {
			return err
		}
	}
}

// one delivers an envelope, unless its shard is refused until a resume.
func (st *stream) one(d *region.Deliverer, e *wire.Envelope) {
	if st.refusals.refuses(e) {
		d.Refuse(e, shardv1.Status_STATUS_MOVED)
		return
	}
	if !d.Deliver(e) {
		st.late.expect()
	}
}

// flush sends the batch's replies: all, or the messages that are full. For nearly
// every envelope there is none, and then it must not allocate.
func (st *stream) flush(all bool) error {
	for {
		m, ok := st.out.take(all)
		if !ok {
			return nil
		}
		full := m
		if err := st.send(&full); err != nil {
			return err
		}
	}
}

func (st *stream) send(m *wire.Replies) error {
	st.sending.Lock()
	defer st.sending.Unlock()
	return st.grpc.SendMsg(m)
}

// end ends the stream in order: the batch that is being delivered is answered, and
// nothing behind it is executed.
func (st *stream) end() error {
	st.batch.Lock()
	st.ended = true
	st.batch.Unlock()
	return st.late.settle()
}

// prompt is the stream as the Sink of replies that come while their batch is
// delivered.
type prompt stream

func (p *prompt) Reply(shard uint32, r *wire.Reply) {
	p.refusals.note(shard, r)
	p.out.add(r)
}
