package registry

import (
	"fmt"
	"net"
	"strings"

	"github.com/memactor/memactor/cluster/shard"
)

// ParseNodes reads a list of nodes as configurations have it: ID=HOST:PORT each.
func ParseNodes(list []string) ([]shard.Node, error) {
	nodes := make([]shard.Node, 0, len(list))
	for _, entry := range list {
		id, address, ok := strings.Cut(entry, "=")
		n := shard.Node{ID: id, Address: address}
		_, port, err := net.SplitHostPort(address)
		if !ok || err != nil || port == "" || n.Validate() != nil {
			return nil, fmt.Errorf("%w: node %q: allowed: ID=HOST:PORT", shard.ErrNode, entry)
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}
