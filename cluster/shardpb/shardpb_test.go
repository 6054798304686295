package shardpb

import (
	"errors"
	"testing"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func TestRoundTrip(t *testing.T) {
	nodes := []shard.Node{
		{ID: "n1", Incarnation: 4, Address: "127.0.0.1:7001", Zone: "z1", Weight: 2},
		{ID: "n2", Incarnation: 5, Address: "127.0.0.1:7002", State: shard.Draining},
	}
	m, err := shard.New(shard.Table{ClusterID: "c", Version: 7, Nodes: nodes,
		Shards: []shard.Entry{{Epoch: 3, Owner: 1}, {Epoch: 4, Owner: -1}, {Epoch: 5, Owner: 0}, {Epoch: 6, Owner: 0}}})
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(Encode(m))
	if err != nil || !back.Equal(m) {
		t.Fatalf("%v: %v, want %v", err, back, m)
	}
}

func TestDecodeRefuses(t *testing.T) {
	node := &shardv1.Node{Id: "n1", Address: "127.0.0.1:1", State: "live"}
	for name, in := range map[string]*shardv1.ShardMap{
		"no map":        nil,
		"unknown owner": {Nodes: []*shardv1.Node{node}, Shards: []*shardv1.ShardEntry{{Primary: "n9"}}},
		"three shards":  {Shards: []*shardv1.ShardEntry{{}, {}, {}}},
		"two of a name": {Nodes: []*shardv1.Node{node, node}, Shards: []*shardv1.ShardEntry{{}}},
	} {
		if _, err := Decode(in); !errors.Is(err, shard.ErrMap) && !errors.Is(err, shard.ErrShards) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := &shardv1.ShardMap{Nodes: []*shardv1.Node{{Id: "n", State: "asleep"}}, Shards: []*shardv1.ShardEntry{{}}}
	if _, err := Decode(bad); !errors.Is(err, shard.ErrNode) {
		t.Errorf("unknown state: %v", err)
	}
}
