package client

import (
	"context"
	"fmt"
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// SetMemoryLimit changes how many bytes all nodes together may use for entries. Each
// node's share grows or shrinks in proportion to what it has now. Nothing is changed
// unless every node can be asked; ErrInvalid says that a node refuses so little.
func (c *Client) SetMemoryLimit(ctx context.Context, total uint64) error {
	now, err := c.memoryLimits(ctx)
	if err != nil {
		return err
	}
	shares := apportion(total, now)
	_, err = each(ctx, c, func(ctx context.Context, l *Link) (struct{}, error) {
		share, known := shares[l.node.ID]
		if !known {
			return struct{}{}, fmt.Errorf("%w: node %s has just come", ErrUnavailable, l.node.ID)
		}
		_, err := ask(ctx, l, shardv1.ShardServiceClient.SetMemoryLimit, &shardv1.SetMemoryLimitRequest{Bytes: share})
		return struct{}{}, err
	})
	return err
}

// nodeLimit is how many bytes a node may use.
type nodeLimit struct {
	node  string
	bytes uint64
}

func (c *Client) memoryLimits(ctx context.Context) ([]nodeLimit, error) {
	return each(ctx, c, func(ctx context.Context, l *Link) (nodeLimit, error) {
		resp, err := ask(ctx, l, shardv1.ShardServiceClient.GetStats, &shardv1.GetStatsRequest{})
		for _, st := range resp.GetStats() {
			if st.GetName() == "limit_maxbytes" {
				bytes, bad := strconv.ParseUint(st.GetValue(), 10, 64)
				return nodeLimit{l.node.ID, bytes}, bad
			}
		}
		if err == nil {
			err = fmt.Errorf("%w: node %s does not tell its memory limit", ErrInternal, l.node.ID)
		}
		return nodeLimit{}, err
	})
}

// apportion divides total like the present limits; the last node gets what rounding
// leaves.
func apportion(total uint64, now []nodeLimit) map[string]uint64 {
	sum := 0.0
	for _, n := range now {
		sum += float64(n.bytes)
	}
	shares := map[string]uint64{}
	left := total
	for i, n := range now {
		share := min(uint64(float64(total)*(float64(n.bytes)/max(sum, 1))), left)
		if i == len(now)-1 {
			share = left
		}
		shares[n.node] = share
		left -= share
	}
	return shares
}
