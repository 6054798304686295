package inspect

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// Roster is what is known of a cluster before its nodes are asked.
type Roster struct {
	// Source says for people where all of it is from.
	Source string
	// Map is the shard map.
	Map *shard.Map
	// Members are the nodes that are alive by what the source knows.
	Members []shard.Node
	// Elects is that the source knows of coordinator and gateways.
	Elects      bool
	Coordinator string // "": none
	Gateways    []registry.Gateway
}

// Source knows a cluster.
type Source interface {
	Roster(ctx context.Context) (*Roster, error)
}

// ErrNoCluster is a cluster that has no map where it was looked for.
var ErrNoCluster = errors.New("no such cluster")

// FromConsul is the cluster that c is a registry of.
func FromConsul(c *registry.Consul) Source { return consul{c} }

type consul struct{ *registry.Consul }

func (c consul) Roster(ctx context.Context) (*Roster, error) {
	s, err := c.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w (consul %q; while it is down, --ask HOST:PORT asks a node)", err, c.Address())
	}
	if s.Map == nil {
		return nil, c.noCluster(ctx)
	}
	gateways, err := c.Gateways(ctx)
	if err != nil {
		return nil, err
	}
	return &Roster{
		Source: "Consul at " + c.Address(), Map: s.Map, Members: s.Members,
		Elects: true, Coordinator: s.Coordinator, Gateways: gateways,
	}, nil
}

// noCluster names the clusters that there are.
func (c consul) noCluster(ctx context.Context) error {
	names, err := c.Clusters(ctx)
	if err != nil || len(names) == 0 {
		names = []string{"none that can be seen"}
	}
	return fmt.Errorf("%w: cluster %q: consul %q has no shard map of it; its clusters: %s",
		ErrNoCluster, c.Cluster(), c.Address(), strings.Join(names, ", "))
}

// FromList is the static cluster of a list of nodes. Errors are those of
// registry.NewStatic.
func FromList(nodes []shard.Node) (Source, error) {
	static, err := registry.NewStatic(nodes, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = static.Close() }()
	return list{static.Map()}, nil
}

type list struct{ m *shard.Map }

func (l list) Roster(context.Context) (*Roster, error) {
	return &Roster{Source: "the list of nodes", Map: l.m, Members: l.m.Nodes()}, nil
}

// FromNode is the cluster of the map that a node acts on.
func FromNode(address string, d *Dialer) Source { return node{address, d} }

type node struct {
	address string
	dialer  *Dialer
}

func (n node) Roster(ctx context.Context) (*Roster, error) {
	ctx, cancel := n.dialer.deadline(ctx)
	defer cancel()
	m, err := n.dialer.shardMap(ctx, n.address)
	if err != nil {
		return nil, fmt.Errorf("ask %q: %w", n.address, err)
	}
	return &Roster{Source: "the node at " + n.address + ", by its map", Map: m, Members: m.Nodes()}, nil
}
