package shard

import (
	"fmt"
	"slices"
	"strings"
)

// Map is the table from shards to their owners at one version. It is immutable:
// any number of goroutines share it, and all of one command is decided on one
// Map. Its methods allocate nothing but where they say so.
type Map struct {
	clusterID string
	version   uint64
	bits      uint
	nodes     []Node   // sorted by id
	owners    []int32  // by shard: an index into nodes, noOwner for none
	epochs    []uint64 // by shard
}

const noOwner = -1

// Entry is one shard's row in a Table.
type Entry struct {
	// Epoch grows with every change of the owner; 0 is "not checked".
	Epoch uint64
	// Owner is an index into the table's nodes, -1 for none.
	Owner int
}

// Table is the plain contents of a Map: what codecs read and write.
type Table struct {
	ClusterID string
	Version   uint64
	Nodes     []Node
	Shards    []Entry
}

// Empty is the map of a new cluster: version 0, no nodes, no owners.
func Empty(clusterID string, shards int) (*Map, error) {
	bits, err := Bits(shards)
	if err != nil {
		return nil, err
	}
	m := &Map{clusterID: clusterID, bits: bits, owners: make([]int32, shards), epochs: make([]uint64, shards)}
	for i := range m.owners {
		m.owners[i] = noOwner
	}
	return m, nil
}

// New makes a map of a table that came from outside. It copies what it keeps,
// and refuses with ErrMap or ErrShards whatever would make a reader of the map
// index out of range or contradict itself.
func New(t Table) (*Map, error) {
	m, err := Empty(t.ClusterID, len(t.Shards))
	if err != nil {
		return nil, err
	}
	if len(t.ClusterID) > maxName {
		return nil, fmt.Errorf("%w: cluster id of %d bytes", ErrMap, len(t.ClusterID))
	}
	if err := checkNodes(t.Nodes); err != nil {
		return nil, err
	}
	m.version, m.nodes = t.Version, slices.Clone(t.Nodes)
	for i, e := range t.Shards {
		if e.Owner < noOwner || e.Owner >= len(t.Nodes) || e.Epoch > MaxEpoch {
			return nil, fmt.Errorf("%w: shard %d: owner %d of %d nodes, epoch %d", ErrMap, i, e.Owner, len(t.Nodes), e.Epoch)
		}
		m.owners[i], m.epochs[i] = int32(e.Owner), e.Epoch
	}
	return m, nil
}

// checkNodes wants the nodes of a map valid, and in strictly rising order of
// their ids: so there are no two with one id.
func checkNodes(nodes []Node) error {
	if len(nodes) > MaxNodes {
		return fmt.Errorf("%w: %d nodes, over %d", ErrMap, len(nodes), MaxNodes)
	}
	for i, n := range nodes {
		if err := n.Validate(); err != nil {
			return fmt.Errorf("%w: %w", ErrMap, err)
		}
		if i > 0 && nodes[i-1].ID >= n.ID {
			return fmt.Errorf("%w: node %s is not behind %s", ErrMap, n.ID, nodes[i-1].ID)
		}
	}
	return nil
}

// Table is the map's contents, in slices that the caller may keep and change.
func (m *Map) Table() Table {
	t := Table{ClusterID: m.clusterID, Version: m.version, Nodes: m.Nodes(), Shards: make([]Entry, m.Len())}
	for i := range t.Shards {
		t.Shards[i] = Entry{Epoch: m.epochs[i], Owner: int(m.owners[i])}
	}
	return t
}

// ClusterID names the cluster that the map belongs to.
func (m *Map) ClusterID() string { return m.clusterID }

// Version grows by one with each change of the map.
func (m *Map) Version() uint64 { return m.version }

// Len is the count of shards, a power of two.
func (m *Map) Len() int { return len(m.owners) }

// Bits is the k of the 2^k shards.
func (m *Map) Bits() uint { return m.bits }

// Of is the shard of key.
func (m *Map) Of(key []byte) ID { return Of(key, m.bits) }

// Nodes are the members that the map was planned for, draining ones included,
// in order of their ids. The slice is a copy: hot paths take NodeAt.
func (m *Map) Nodes() []Node { return slices.Clone(m.nodes) }

// NumNodes is the length of Nodes.
func (m *Map) NumNodes() int { return len(m.nodes) }

// NodeAt is Nodes()[i].
func (m *Map) NodeAt(i int) Node { return m.nodes[i] }

// Owner is the node that serves a shard; false if none does. The shard must be
// one of the map's, as for OwnerIndex and Epoch.
func (m *Map) Owner(id ID) (Node, bool) {
	i := m.owners[id]
	if i == noOwner {
		return Node{}, false
	}
	return m.nodes[i], true
}

// OwnerIndex is the index of the shard's owner in Nodes, -1 if it has none.
func (m *Map) OwnerIndex(id ID) int { return int(m.owners[id]) }

// Epoch is the epoch under which the shard's owner serves it. 0 is not checked.
func (m *Map) Epoch(id ID) uint64 { return m.epochs[id] }

// Find is the index in Nodes of the node with an id, -1 if there is none. A
// node that looks for itself compares the incarnation too: shards of an earlier
// run of its process are not its own.
func (m *Map) Find(nodeID string) int {
	i, ok := slices.BinarySearchFunc(m.nodes, nodeID, func(n Node, id string) int { return strings.Compare(n.ID, id) })
	if !ok {
		return -1
	}
	return i
}

// Counts is how many shards each of Nodes owns, and how many nobody does. It
// allocates.
func (m *Map) Counts() (owned []int, none int) {
	owned = make([]int, len(m.nodes))
	for _, o := range m.owners {
		if o == noOwner {
			none++
			continue
		}
		owned[o]++
	}
	return owned, none
}

// Complete says whether every shard has an owner.
func (m *Map) Complete() bool { return !slices.Contains(m.owners, noOwner) }

// Equal says whether two maps are the same in all they contain.
func (m *Map) Equal(other *Map) bool {
	if m == nil || other == nil {
		return m == other
	}
	return m.version == other.version && m.clusterID == other.clusterID &&
		slices.Equal(m.nodes, other.nodes) && slices.Equal(m.owners, other.owners) && slices.Equal(m.epochs, other.epochs)
}

// String is the map in one line, for logs.
func (m *Map) String() string {
	if m == nil {
		return "no map"
	}
	_, none := m.Counts()
	return fmt.Sprintf("map %s/%d of %d shards on %d nodes, %d without owner", m.clusterID, m.version, m.Len(), len(m.nodes), none)
}

// Moves is how many shards have another owner in next than in prev, by node id:
// a new run of the same node is no move. The maps have the same count of shards.
func Moves(prev, next *Map) int {
	moves := 0
	for i := range prev.owners {
		if prev.ownerID(i) != next.ownerID(i) {
			moves++
		}
	}
	return moves
}

// ownerID is the id of a shard's owner, "" for none.
func (m *Map) ownerID(i int) string {
	if o := m.owners[i]; o != noOwner {
		return m.nodes[o].ID
	}
	return ""
}
