package client

import (
	"context"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// MoveClock moves the clock by which entries expire on all nodes, and stops it or lets
// it go, for tests. ErrInvalid: a node does not allow that.
func (c *Client) MoveClock(ctx context.Context, seconds int64, state shardv1.ClockState) error {
	_, err := each(ctx, c, func(ctx context.Context, l *Link) (struct{}, error) {
		_, err := ask(ctx, l, shardv1.ShardServiceClient.MoveClock, &shardv1.MoveClockRequest{Seconds: seconds, State: state})
		return struct{}{}, err
	})
	return err
}
