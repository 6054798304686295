// Package shardpb turns a shard.Map into the contract's message and back. It is
// a package of its own so that package shard needs no protobuf.
package shardpb

import (
	"fmt"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Encode is the message for m. It shares nothing with m; nil gives nil.
func Encode(m *shard.Map) *shardv1.ShardMap {
	if m == nil {
		return nil
	}
	out := &shardv1.ShardMap{ClusterId: m.ClusterID(), Version: m.Version()}
	for _, n := range m.Nodes() {
		out.Nodes = append(out.Nodes, EncodeNode(n))
	}
	for id := range shard.ID(m.Len()) {
		entry := &shardv1.ShardEntry{Epoch: m.Epoch(id)}
		if owner, ok := m.Owner(id); ok {
			entry.Primary = owner.ID
		}
		out.Shards = append(out.Shards, entry)
	}
	return out
}

// EncodeNode is the message for one node.
func EncodeNode(n shard.Node) *shardv1.Node {
	return &shardv1.Node{
		Id: n.ID, Incarnation: n.Incarnation, Address: n.Address,
		Zone: n.Zone, Weight: n.Weight, State: n.State.String(),
	}
}

// Decode is the map of a message that came from another process. What makes no
// sense is shard.ErrMap, shard.ErrNode or shard.ErrShards.
func Decode(in *shardv1.ShardMap) (*shard.Map, error) {
	table := shard.Table{ClusterID: in.GetClusterId(), Version: in.GetVersion()}
	index := make(map[string]int, len(in.GetNodes()))
	for i, n := range in.GetNodes() {
		node, err := decodeNode(n)
		if err != nil {
			return nil, err
		}
		index[node.ID] = i
		table.Nodes = append(table.Nodes, node)
	}
	if len(in.GetShards()) > shard.MaxShards {
		return nil, fmt.Errorf("%w: %d", shard.ErrShards, len(in.GetShards()))
	}
	for i, s := range in.GetShards() {
		entry := shard.Entry{Epoch: s.GetEpoch(), Owner: -1}
		if s.GetPrimary() != "" {
			owner, ok := index[s.GetPrimary()]
			if !ok {
				return nil, fmt.Errorf("%w: shard %d: owner %q is none of the nodes", shard.ErrMap, i, s.GetPrimary())
			}
			entry.Owner = owner
		}
		table.Shards = append(table.Shards, entry)
	}
	return shard.New(table)
}

func decodeNode(n *shardv1.Node) (shard.Node, error) {
	state, err := shard.ParseNodeState(n.GetState())
	return shard.Node{
		ID: n.GetId(), Incarnation: n.GetIncarnation(), Address: n.GetAddress(),
		Zone: n.GetZone(), Weight: n.GetWeight(), State: state,
	}, err
}
