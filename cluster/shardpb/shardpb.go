// Package shardpb turns shard maps into the contract's form and back.
package shardpb

import (
	"fmt"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Encode is m as the contract has it.
func Encode(m *shard.Map) *shardv1.ShardMap {
	out := &shardv1.ShardMap{ClusterId: m.ClusterID(), Version: m.Version()}
	for _, n := range m.Nodes() {
		out.Nodes = append(out.Nodes, &shardv1.Node{
			Id: n.ID, Incarnation: n.Incarnation, Address: n.Address, Zone: n.Zone, Weight: n.Weight, State: n.State.String(),
		})
	}
	for id := range m.Len() {
		entry := &shardv1.ShardEntry{Epoch: m.Epoch(shard.ID(id))}
		if n, ok := m.Owner(shard.ID(id)); ok {
			entry.Primary = n.ID
		}
		out.Shards = append(out.Shards, entry)
	}
	return out
}

// Decode is the inverse of Encode, for maps that come from other processes: it
// refuses, with an error of package shard, what contradicts itself.
func Decode(in *shardv1.ShardMap) (*shard.Map, error) {
	t := shard.Table{ClusterID: in.GetClusterId(), Version: in.GetVersion()}
	index := map[string]int{"": -1}
	for i, n := range in.GetNodes() {
		state, err := shard.ParseNodeState(n.GetState())
		if err != nil {
			return nil, err
		}
		index[n.GetId()] = i
		t.Nodes = append(t.Nodes, shard.Node{
			ID: n.GetId(), Incarnation: n.GetIncarnation(), Address: n.GetAddress(), Zone: n.GetZone(),
			Weight: n.GetWeight(), State: state,
		})
	}
	for id, e := range in.GetShards() {
		owner, known := index[e.GetPrimary()]
		if !known {
			return nil, fmt.Errorf("%w: shard %d is owned by unknown node %q", shard.ErrMap, id, e.GetPrimary())
		}
		t.Shards = append(t.Shards, shard.Entry{Epoch: e.GetEpoch(), Owner: owner})
	}
	return shard.New(t)
}
