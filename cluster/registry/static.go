package registry

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/memactor/memactor/cluster/shard"
)

// StaticCluster is the cluster id of every static map.
const StaticCluster = "static"

// Static is a registry of a list of nodes that each process has in its
// configuration. Every process plans the same map of the same list: version 1,
// with epoch 0 for every shard, which nobody checks. Nobody is elected, since
// there is nothing to commit.
type Static struct {
	members *topic[[]shard.Node]
	maps    *topic[*shard.Map]
	table   *shard.Map
}

var _ Registry = (*Static)(nil)

// NewStatic plans the map of nodes; shards 0 is shard.DefaultShards. Errors are
// ErrDuplicate and those of package shard.
func NewStatic(nodes []shard.Node, shards int) (*Static, error) {
	if len(nodes) == 0 {
		return nil, fmt.Errorf("%w: a static cluster needs at least one", ErrUnknownNode)
	}
	if shards == 0 {
		shards = shard.DefaultShards
	}
	table, err := shard.Fixed(StaticCluster, shards, nodes)
	if err != nil {
		return nil, err
	}
	if table.NumNodes() != len(nodes) {
		return nil, fmt.Errorf("%w: in the list of nodes %s", ErrDuplicate, names(nodes))
	}
	s := &Static{members: newTopic[[]shard.Node](), maps: newTopic[*shard.Map](), table: table}
	s.members.publish(table.Nodes())
	s.maps.publish(table)
	return s, nil
}

func names(nodes []shard.Node) string {
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID
	}
	return strings.Join(ids, ", ")
}

// Map is the one map.
func (s *Static) Map() *shard.Map { return s.table }

// WatchMap sends the one map.
func (s *Static) WatchMap(ctx context.Context) <-chan *shard.Map { return s.maps.watch(ctx) }

// WatchMembers sends the list.
func (s *Static) WatchMembers(ctx context.Context) <-chan []shard.Node { return s.members.watch(ctx) }

// Join takes in a node whose id is in the list, as the list has it.
func (s *Static) Join(_ context.Context, node shard.Node) (Membership, error) {
	i := s.table.Find(node.ID)
	if i < 0 {
		return nil, fmt.Errorf("%w: %q is not in the list of nodes", ErrUnknownNode, node.ID)
	}
	return &staticMembership{node: s.table.NodeAt(i), left: make(chan struct{})}, nil
}

// Drain is refused: the list cannot change.
func (s *Static) Drain(_ context.Context, id string) error {
	return fmt.Errorf("drain %s: %w: the list of nodes is static", id, ErrUnavailable)
}

// Close ends the watches.
func (s *Static) Close() error {
	s.maps.end()
	s.members.end()
	return nil
}

type staticMembership struct {
	node  shard.Node
	leave sync.Once
	left  chan struct{}
}

func (m *staticMembership) Node() shard.Node { return m.node }

// Campaign is never won.
func (m *staticMembership) Campaign(ctx context.Context) (Leadership, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-m.left:
		return nil, ErrLost
	}
}

func (m *staticMembership) Leave(context.Context) error {
	m.leave.Do(func() { close(m.left) })
	return nil
}

// Lost never happens.
func (m *staticMembership) Lost() <-chan struct{} { return nil }
