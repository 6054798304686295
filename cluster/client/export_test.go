package client

import (
	"testing"

	"github.com/memactor/memactor/cluster/shard"
)

// StartNodes starts fake nodes that serve the static map of themselves, for the
// examples.
func StartNodes(n int) (nodes []shard.Node, stop func()) {
	c := startCluster(&testing.T{}, n)
	for _, n := range c.nodes {
		nodes = append(nodes, shard.Node{ID: n.id, Address: n.address})
	}
	for _, n := range c.nodes {
		m, err := shard.Fixed("static", shard.DefaultShards, nodes)
		if err != nil {
			panic(err)
		}
		n.serve(m)
	}
	return nodes, func() {
		for _, n := range c.nodes {
			n.server.Stop()
		}
	}
}
