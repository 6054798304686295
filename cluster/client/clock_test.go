package client

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// MoveClock of the fake node goes forward only.
func (n *node) MoveClock(_ context.Context, r *shardv1.MoveClockRequest) (*shardv1.MoveClockResponse, error) {
	if r.GetSeconds() < 0 {
		return nil, status.Error(codes.FailedPrecondition, "not with --debug")
	}
	return &shardv1.MoveClockResponse{Offset: n.clock.Add(r.GetSeconds())}, nil
}

func TestMoveClockReachesEveryNode(t *testing.T) {
	c := startCluster(t, 2)
	c.publish(c.mapOf(spread))
	cl := c.client()
	c.ready(cl)
	if err := cl.MoveClock(t.Context(), 7, shardv1.ClockState_CLOCK_STATE_RUNNING); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		if got := n.clock.Load(); got != 7 {
			t.Errorf("node %s: moved by %d", n.id, got)
		}
	}
	if err := cl.MoveClock(t.Context(), -1, shardv1.ClockState_CLOCK_STATE_UNSPECIFIED); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}
