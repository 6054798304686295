package inspect

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/memactor/memactor/cluster/shard"
)

// Look takes one look at a cluster: what the source knows, and then what every node
// says, all asked at once. A node that does not answer is a part of the view; an
// error is the source's.
func Look(ctx context.Context, source Source, d *Dialer) (*View, error) {
	r, err := source.Roster(ctx)
	if err != nil {
		return nil, err
	}
	return compose(r, askAll(ctx, d, r.nodes())), nil
}

// peer is a node that belongs to a cluster, and its State.
type peer struct {
	shard.Node
	state string
}

// nodes are all that belong to the cluster: the members, and those which the map
// has and that are no members any more; in order of their ids.
func (r *Roster) nodes() []peer {
	all := map[string]peer{}
	for _, n := range r.Map.Nodes() {
		all[n.ID] = peer{n, Gone}
	}
	for _, n := range r.Members {
		all[n.ID] = peer{n, n.State.String()}
	}
	peers := make([]peer, 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		peers = append(peers, all[id])
	}
	return peers
}

// askAll is the answers of nodes, in their order.
func askAll(ctx context.Context, d *Dialer, nodes []peer) []answer {
	answers := make([]answer, len(nodes))
	var asked sync.WaitGroup
	for i, n := range nodes {
		asked.Go(func() { answers[i] = d.ask(ctx, n.Address) })
	}
	asked.Wait()
	return answers
}
