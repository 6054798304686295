package shard

import (
	"cmp"
	"slices"
)

// Plan is the map that follows prev when members are the nodes that are alive.
//
//   - Each live member owns its fair share of the shards (by weight), rounded
//     up or down. Draining members own none. Without a live member no shard has
//     an owner.
//   - As few shards move as that allows.
//   - A shard whose owner changes gets an epoch above its last one and not
//     below base (see EpochBase). A new incarnation of the owner is a change.
//   - If nothing changes the result is prev itself; otherwise its version is
//     one more.
//
// The order of members does not matter; of two with one id the newer
// incarnation counts. Nodes carry their zones, which do not matter yet: they
// will when a shard has more than one copy.
func Plan(prev *Map, members []Node, base uint64) *Map {
	nodes := roster(members)
	owners := assign(prev, nodes)
	if slices.Equal(nodes, prev.nodes) && slices.Equal(owners, prev.owners) {
		return prev
	}
	next := &Map{
		clusterID: prev.clusterID, version: prev.version + 1, bits: prev.bits,
		nodes: nodes, owners: owners, epochs: slices.Clone(prev.epochs),
	}
	for i := range next.epochs {
		if changed(prev, next, i) {
			next.epochs[i] = nextEpoch(prev.epochs[i], base)
		}
	}
	return next
}

// Fixed is the map of a list of nodes that never changes: version 1, every
// epoch 0, which nobody checks.
func Fixed(clusterID string, shards int, nodes []Node) (*Map, error) {
	empty, err := Empty(clusterID, shards)
	if err != nil {
		return nil, err
	}
	m := Plan(empty, nodes, 1)
	clear(m.epochs)
	return m, checkNodes(m.nodes)
}

// changed says whether shard i has another owner in next than in prev, where an
// owner is one run of a process.
func changed(prev, next *Map, i int) bool {
	before, after := prev.owners[i], next.owners[i]
	if before == noOwner || after == noOwner {
		return before != after
	}
	return !prev.nodes[before].same(next.nodes[after])
}

// assign gives each shard an index into nodes: the node that has it already, as
// far as that one's quota goes, else one with room.
func assign(prev *Map, nodes []Node) []int32 {
	owners := inherited(prev, nodes)
	room := quotas(nodes, len(owners), count(owners, len(nodes)))
	for i, o := range owners {
		switch {
		case o == noOwner:
		case room[o] == 0:
			owners[i] = noOwner
		default:
			room[o]--
		}
	}
	fill(owners, room)
	return owners
}

// inherited is prev's owners as indexes into nodes; noOwner where the owner is
// gone.
func inherited(prev *Map, nodes []Node) []int32 {
	index := make(map[string]int32, len(nodes))
	for i, n := range nodes {
		index[n.ID] = int32(i)
	}
	owners := make([]int32, prev.Len())
	for i := range owners {
		owner, ok := index[prev.ownerID(i)]
		if !ok {
			owner = noOwner
		}
		owners[i] = owner
	}
	return owners
}

// count is how many shards each node has.
func count(owners []int32, nodes int) []int {
	have := make([]int, nodes)
	for _, o := range owners {
		if o != noOwner {
			have[o]++
		}
	}
	return have
}

// fill gives the shards without owner to the nodes with room, in runs.
func fill(owners []int32, room []int) {
	node := 0
	for i, o := range owners {
		if o != noOwner {
			continue
		}
		for node < len(room) && room[node] == 0 {
			node++
		}
		if node == len(room) {
			return // nobody may own shards
		}
		owners[i] = int32(node)
		room[node]--
	}
}

// quotas is how many shards each node is to have: its fair share rounded down,
// and one more for some, so that all are given out. The ones more go first to
// nodes that have one more already (so that it need not move, and so that a
// plan of a plan changes nothing), then by the size of what was rounded away.
func quotas(nodes []Node, shards int, have []int) []int {
	total := uint64(0)
	for _, n := range nodes {
		total += n.share()
	}
	quota := make([]int, len(nodes))
	if total == 0 {
		return quota
	}
	left := shards
	rest := make([]uint64, len(nodes))
	for i, n := range nodes {
		exact := uint64(shards) * n.share()
		quota[i], rest[i] = int(exact/total), exact%total
		left -= quota[i]
	}
	for _, i := range rounding(quota, rest, have)[:left] {
		quota[i]++
	}
	return quota
}

// rounding is the order in which nodes have their share rounded up; those whose
// share is a whole number are not in it. There are more of the others than
// shards left over, because what was rounded away sums up to those.
func rounding(quota []int, rest []uint64, have []int) []int {
	order := make([]int, 0, len(quota))
	for i := range quota {
		if rest[i] > 0 {
			order = append(order, i)
		}
	}
	holds := func(i int) int {
		if have[i] > quota[i] {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(holds(b)-holds(a), cmp.Compare(rest[b], rest[a]))
	})
	return order
}
