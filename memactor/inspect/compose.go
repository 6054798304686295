package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/memactor/memactor/cluster/shard"
)

// compose makes the view of what was gathered; answers[i] is that of r.nodes()[i].
func compose(r *Roster, answers []answer) *View {
	peers := r.nodes()
	m := newest(r.Map, answers)
	owned, unowned := m.Counts()
	v := &View{
		Cluster: m.ClusterID(), Source: r.Source, Problems: []string{}, Moves: []Move{},
		Map:   Map{Version: m.Version(), Shards: m.Len(), Unowned: unowned},
		table: m,
	}
	for i, p := range peers {
		n := Node{ID: p.ID, Zone: p.Zone, Address: p.Address, State: p.state}
		if at := m.Find(p.ID); at >= 0 {
			n.Shards = owned[at]
		}
		n.take(m, &answers[i]) //nolint:gosec // there are as many
		v.Nodes = append(v.Nodes, n)
	}
	if r.Elects {
		v.Coordinator = &r.Coordinator
		v.Gateways = []Gateway{}
		for _, g := range r.Gateways {
			v.Gateways = append(v.Gateways, Gateway{ID: g.ID, Address: g.Address, Status: g.Status})
		}
	}
	v.from = moving(m, peers, answers)
	v.Moves = append(moves(m, v.from), v.drains()...)
	v.Problems = append(v.Problems, v.problems(r.Map)...)
	v.Healthy = len(v.Problems) == 0
	return v
}

// take takes in what the node has said, or why it has not.
func (n *Node) take(m *shard.Map, a *answer) {
	switch {
	case a.err != nil:
		n.Error = a.err.Error()
	case a.m.ClusterID() != m.ClusterID() || a.m.Len() != m.Len():
		a.err = fmt.Errorf("it is of cluster %s, with %d shards", a.m.ClusterID(), a.m.Len())
		n.Error = a.err.Error()
	default:
		n.Keys, n.Memory, n.MemoryLimit, n.MapVersion = a.keys, a.memory, a.limit, a.m.Version()
	}
}

// newest is the newest map of the cluster that anybody has: while Consul is being
// restored, that is a node's.
func newest(m *shard.Map, answers []answer) *shard.Map {
	for _, a := range answers {
		if a.err == nil && a.m.ClusterID() == m.ClusterID() && a.m.Len() == m.Len() && a.m.Version() > m.Version() {
			m = a.m
		}
	}
	return m
}

// moving are the shards that their owner does not serve yet, or that another node
// does still, by what each node that has answered acts on; and who that other is.
func moving(m *shard.Map, peers []peer, answers []answer) map[shard.ID]string {
	from := map[shard.ID]string{}
	for i, p := range peers {
		acts := answers[i].m
		if answers[i].err != nil {
			continue
		}
		for id := range shard.ID(m.Len()) {
			owner, _ := m.Owner(id)
			switch serves := runs(acts, id, p); {
			case serves && owner.ID != p.ID:
				from[id] = p.ID
			case !serves && owner.ID == p.ID:
				from[id] = cmp.Or(from[id], "") // nobody, unless one was found already
			}
		}
	}
	return from
}

// runs says whether m gives a shard to this very run of a node: shards that are an
// earlier run's are served by nobody.
func runs(m *shard.Map, id shard.ID, p peer) bool {
	owner, ok := m.Owner(id)
	return ok && owner.ID == p.ID && owner.Incarnation == p.Incarnation
}

// moves counts the moving shards by their way.
func moves(m *shard.Map, from map[shard.ID]string) []Move {
	count := map[Move]int{}
	for id, source := range from {
		owner, _ := m.Owner(id)
		count[Move{From: source, To: owner.ID}]++
	}
	list := []Move{}
	for way, n := range count {
		list = append(list, Move{way.From, way.To, n})
	}
	slices.SortFunc(list, func(a, b Move) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return list
}

// drains are the shards that draining nodes have yet.
func (v *View) drains() []Move {
	var list []Move
	for _, n := range v.Nodes {
		if n.State == Draining && n.Shards > 0 {
			list = append(list, Move{From: n.ID, Shards: n.Shards})
		}
	}
	return list
}
