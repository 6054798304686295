package inspect

import (
	"fmt"

	"github.com/memactor/memactor/cluster/shard"
)

// problems are what keeps a cluster from being whole. Shards of a draining node
// are none: they are served.
func (v *View) problems(stored *shard.Map) []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if v.Map.Unowned > 0 {
		say("%d of %d shards have no owner", v.Map.Unowned, v.Map.Shards)
	}
	if stored.Version() < v.Map.Version {
		say("%s has map version %d, nodes act on %d", v.Source, stored.Version(), v.Map.Version)
	}
	for _, n := range v.Nodes {
		if n.State == Gone && n.Shards > 0 {
			say("%s owns %s and is not a member any more", n.ID, shards(n.Shards))
		}
		if n.Error != "" && (n.State != Gone || n.Shards > 0) {
			list = append(list, n.trouble())
		}
	}
	if len(v.from) > 0 {
		say("not served by the owner yet: %s", shards(len(v.from)))
	}
	if v.Coordinator != nil && *v.Coordinator == "" {
		say("no node is coordinator: shards cannot get another owner")
	}
	for _, g := range v.Gateways {
		if g.Status != passing {
			say("gateway %s at %s is %s", g.ID, g.Address, g.Status)
		}
	}
	return list
}

// trouble says why the node does not answer.
func (n *Node) trouble() string { return fmt.Sprintf("%s at %s: %s", n.ID, n.Address, n.Error) }

// passing is Consul's word for well.
const passing = "passing"

func shards(n int) string {
	if n == 1 {
		return "1 shard"
	}
	return fmt.Sprint(n, " shards")
}
