package service

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// MoveClock moves the clock by which entries expire.
func (s *Service) MoveClock(_ context.Context, req *shardv1.MoveClockRequest) (*shardv1.MoveClockResponse, error) {
	if !s.Debug {
		return nil, status.Error(codes.FailedPrecondition, "the node was not started with --debug")
	}
	switch state := req.GetState(); state {
	case shardv1.ClockState_CLOCK_STATE_UNSPECIFIED:
	case shardv1.ClockState_CLOCK_STATE_RUNNING, shardv1.ClockState_CLOCK_STATE_STOPPED:
		s.region.StopClock(state == shardv1.ClockState_CLOCK_STATE_STOPPED)
	default:
		return nil, status.Errorf(codes.InvalidArgument, "clock state %d: allowed: 0 to 2", state)
	}
	offset, now := s.region.MoveClock(req.GetSeconds())
	s.log.Warn().Int64("offset", offset).Int64("now", now).Stringer("state", req.GetState()).Msg("clock moved")
	return &shardv1.MoveClockResponse{Offset: offset, Now: now}, nil
}
