package inspect

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/cluster/shardpb"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Dialer asks nodes through their gRPC API.
type Dialer struct {
	// Timeout bounds all that one node is asked.
	Timeout time.Duration
	// Options are the transport security and what else a connection needs.
	Options []grpc.DialOption
}

func (d *Dialer) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d.Timeout)
}

// connect calls with a client of the node at address.
func (d *Dialer) connect(address string, call func(shardv1.ShardServiceClient) error) error {
	options := append([]grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage)), grpc.WithNoProxy(),
	}, d.Options...)
	conn, err := grpc.NewClient("passthrough:///"+address, options...)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return d.plain(call(shardv1.NewShardServiceClient(conn)))
}

// plain is a gRPC error in words for people.
func (d *Dialer) plain(err error) error {
	switch s, _ := status.FromError(err); s.Code() { //nolint:exhaustive // the others speak for themselves
	case codes.OK:
		return nil
	case codes.DeadlineExceeded:
		return fmt.Errorf("no answer in %v", d.Timeout)
	default:
		return errors.New(client.Reason(err))
	}
}

// shardMap is the map that the node at address acts on.
func (d *Dialer) shardMap(ctx context.Context, address string) (m *shard.Map, err error) {
	err = d.connect(address, func(client shardv1.ShardServiceClient) (err error) {
		m, err = getMap(ctx, client)
		return err
	})
	return m, err
}

func getMap(ctx context.Context, client shardv1.ShardServiceClient) (*shard.Map, error) {
	answer, err := client.GetShardMap(ctx, &shardv1.GetShardMapRequest{})
	if err != nil {
		return nil, err
	}
	return shardpb.Decode(answer.GetMap())
}

// answer is what one node says; err: why it says nothing.
type answer struct {
	m                   *shard.Map
	keys, memory, limit uint64
	err                 error
}

// ask asks one node for its map and its statistics.
func (d *Dialer) ask(ctx context.Context, address string) (a answer) {
	ctx, cancel := d.deadline(ctx)
	defer cancel()
	a.err = d.connect(address, func(client shardv1.ShardServiceClient) (err error) {
		if a.m, err = getMap(ctx, client); err != nil {
			return err
		}
		stats, err := client.GetStats(ctx, &shardv1.GetStatsRequest{})
		if err != nil {
			return err
		}
		a.take(stats.GetStats())
		return nil
	})
	return a
}

// take finds what is shown among the statistics; what is not there is 0.
func (a *answer) take(stats []*shardv1.Stat) {
	wanted := map[string]*uint64{"curr_items": &a.keys, "bytes": &a.memory, "limit_maxbytes": &a.limit}
	for _, s := range stats {
		if to, ok := wanted[s.GetName()]; ok {
			*to, _ = strconv.ParseUint(s.GetValue(), 10, 64)
		}
	}
}
