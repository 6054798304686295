package shardpb

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func drawMap(t *rapid.T) *shard.Map {
	m, err := shard.Empty("c", 64)
	if err != nil {
		t.Fatal(err)
	}
	var members []shard.Node
	for i := range rapid.IntRange(0, 9).Draw(t, "nodes") {
		members = append(members, shard.Node{
			ID: fmt.Sprintf("n%d", i), Address: fmt.Sprintf("10.0.0.%d:7001", i),
			Incarnation: rapid.Uint64().Draw(t, "incarnation"),
			Zone:        rapid.SampledFrom([]string{"", "a"}).Draw(t, "zone"),
			Weight:      rapid.Uint32Range(0, 9).Draw(t, "weight"),
			State:       rapid.SampledFrom([]shard.NodeState{shard.Live, shard.Draining}).Draw(t, "state"),
		})
	}
	return shard.Plan(m, members, 7)
}

// Over the wire and back, a map is the same.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		data, err := proto.Marshal(Encode(m))
		if err != nil {
			t.Fatal(err)
		}
		var message shardv1.ShardMap
		if err := proto.Unmarshal(data, &message); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(&message)
		if err != nil || !again.Equal(m) {
			t.Fatalf("%v: %v", err, again)
		}
	})
}

func TestEncodeNil(t *testing.T) {
	if Encode(nil) != nil {
		t.Error("a message for no map")
	}
}

func TestDecodeRefuses(t *testing.T) {
	node := &shardv1.Node{Id: "a", State: "live"}
	tests := map[string]struct {
		message *shardv1.ShardMap
		want    error
	}{
		"nil":              {nil, shard.ErrShards},
		"no shards":        {&shardv1.ShardMap{}, shard.ErrShards},
		"three shards":     {&shardv1.ShardMap{Shards: make([]*shardv1.ShardEntry, 3)}, shard.ErrShards},
		"too many shards":  {&shardv1.ShardMap{Shards: make([]*shardv1.ShardEntry, shard.MaxShards*2)}, shard.ErrShards},
		"an unknown owner": {&shardv1.ShardMap{Shards: []*shardv1.ShardEntry{{Primary: "b"}}}, shard.ErrMap},
		"an unknown state": {&shardv1.ShardMap{Nodes: []*shardv1.Node{{Id: "a", State: "?"}}, Shards: []*shardv1.ShardEntry{{}}}, shard.ErrNode},
		"two of one id":    {&shardv1.ShardMap{Nodes: []*shardv1.Node{node, node}, Shards: []*shardv1.ShardEntry{{}}}, shard.ErrMap},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if m, err := Decode(test.message); !errors.Is(err, test.want) {
				t.Errorf("%v, %v", m, err)
			}
		})
	}
}
