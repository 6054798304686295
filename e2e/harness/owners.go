package harness

import (
	"context"
	"fmt"
	"math/bits"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Client returns a client of the node made of the generated code alone, as a
// stranger's program would be, and its connection. It is closed with the test.
func (n *ShardNode) Client(t testing.TB) (shardv1.ShardServiceClient, *grpc.ClientConn) {
	t.Helper()
	conn, err := grpc.NewClient(n.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return shardv1.NewShardServiceClient(conn), conn
}

// Owners says which node owns which key.
type Owners struct{ shards []*shardv1.ShardEntry }

// Owners asks the first node for the shard map that all of them act on.
func (c *Cluster) Owners(t testing.TB) Owners {
	t.Helper()
	client, _ := c.Nodes[0].Client(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	answer, err := client.GetShardMap(ctx, &shardv1.GetShardMapRequest{})
	if err != nil {
		t.Fatalf("harness: shard map: %v", err)
	}
	shards := answer.GetMap().GetShards()
	if bits.OnesCount(uint(len(shards))) != 1 {
		t.Fatalf("harness: the map has %d shards, no power of two", len(shards))
	}
	return Owners{shards: shards}
}

// Shard returns the shard of a key: the design's rule, computed here apart from the
// code under test.
func (o Owners) Shard(key string) uint32 {
	shift := 64 - bits.TrailingZeros(uint(len(o.shards)))
	return uint32(xxhash.Sum64String(key) >> shift)
}

// Of returns the id of the node that owns a key.
func (o Owners) Of(key string) string { return o.shards[o.Shard(key)].GetPrimary() }

// Count returns how many shards the node with that id owns.
func (o Owners) Count(id string) int {
	count := 0
	for _, shard := range o.shards {
		if shard.GetPrimary() == id {
			count++
		}
	}
	return count
}

// Keys returns n keys that the node with that id owns.
func (o Owners) Keys(t testing.TB, id string, n int) []string {
	t.Helper()
	var keys []string
	for i := 0; len(keys) < n; i++ {
		if i > 1000*n {
			t.Fatalf("harness: node %q owns next to no keys", id)
		}
		if key := fmt.Sprintf("key-%d", i); o.Of(key) == id {
			keys = append(keys, key)
		}
	}
	return keys
}
