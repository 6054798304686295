package service

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// The clock is moved only where that is allowed, and entries expire by it.
func TestMoveClock(t *testing.T) {
	f := newServing(t)
	move := func(in *shardv1.MoveClockRequest, want codes.Code) *shardv1.MoveClockResponse {
		t.Helper()
		out, err := f.client.MoveClock(t.Context(), in)
		if status.Code(err) != want {
			t.Fatal(err)
		}
		return out
	}
	f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_SET, Key: []byte("k"), Exptime: 100})
	move(&shardv1.MoveClockRequest{Seconds: 101}, codes.FailedPrecondition)
	wantStatus(t, f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k")}), shardv1.Status_STATUS_OK)
	f.service.Debug = true
	move(&shardv1.MoveClockRequest{Seconds: 101, State: 9}, codes.InvalidArgument)
	stopped := move(&shardv1.MoveClockRequest{State: shardv1.ClockState_CLOCK_STATE_STOPPED}, codes.OK)
	moved := move(&shardv1.MoveClockRequest{Seconds: 101}, codes.OK)
	if moved.GetOffset() != 101 || moved.GetNow() != stopped.GetNow()+101 {
		t.Fatalf("from %v to %v", stopped, moved)
	}
	wantStatus(t, f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k")}), shardv1.Status_STATUS_NOT_FOUND)
	move(&shardv1.MoveClockRequest{State: shardv1.ClockState_CLOCK_STATE_RUNNING}, codes.OK)
}

// Ask carries options there, and marks and details back.
func TestAskWithOptions(t *testing.T) {
	f := newServing(t)
	const options = shardv1.Option_OPTION_WIN | shardv1.Option_OPTION_VIVIFY | shardv1.Option_OPTION_DETAILS | shardv1.Option_OPTION_NEW_CAS
	r := f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k"), Options: uint32(options), Vivify: 30, NewCas: 7})
	if r.GetMarks() != uint32(shardv1.Mark_MARK_WON) || r.GetTtl() != 30 || r.GetCas() != 7 {
		t.Fatal(r)
	}
	r = f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GAT, Key: []byte("k"), Options: uint32(options | shardv1.Option_OPTION_RECACHE), Recache: 30, Exptime: 20})
	const sent = shardv1.Mark_MARK_WIN_SENT | shardv1.Mark_MARK_FETCHED
	if r.GetMarks() != uint32(sent) || r.GetTtl() != 20 || r.GetCas() != 7 {
		t.Fatal(r)
	}
	r = f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_INCR, Key: []byte("n"), Options: uint32(options), Initial: 99})
	if r.GetNumber() != 99 || r.GetSize() != 2 || r.GetTtl() != -1 {
		t.Fatal(r)
	}
}
