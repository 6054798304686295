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
