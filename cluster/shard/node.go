package shard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// NodeState is what a node is prepared to do.
type NodeState uint8

const (
	// Live nodes own shards.
	Live NodeState = iota
	// Draining nodes are on their way out: Plan gives them no shards.
	Draining
)

// String is the state's name in tables, in JSON and in the contract.
func (s NodeState) String() string {
	switch s {
	case Live:
		return "live"
	case Draining:
		return "draining"
	}
	return fmt.Sprintf("NodeState(%d)", uint8(s))
}

// ParseNodeState is the inverse of String.
func ParseNodeState(s string) (NodeState, error) {
	switch s {
	case "live":
		return Live, nil
	case "draining":
		return Draining, nil
	}
	return Live, fmt.Errorf("%w: state %q", ErrNode, s)
}

const (
	// MaxNodes bounds the map; far more than a cluster of one map has use for.
	MaxNodes = 1 << 12
	// MaxWeight keeps the arithmetic of Plan within 64 bits.
	MaxWeight = 1 << 16
	// maxName bounds ids, zones, addresses and cluster ids, in bytes.
	maxName = 255
)

// Node is one shard node: a member of the cluster or an owner in a map.
type Node struct {
	// ID is the node's name, unique in its cluster and kept over restarts.
	ID string
	// Incarnation is one run of the node's process: a node that starts again
	// under its ID has a larger one. A new incarnation starts empty, so it
	// counts as another owner. 0 where it is not known, as in a static list.
	Incarnation uint64
	// Address is where the node serves gRPC, host:port.
	Address string
	// Zone is where the node stands; copies of a shard go to different zones.
	Zone string
	// Weight is the node's share of the shards relative to the others. 0 is 1.
	Weight uint32
	// State says whether the node may own shards.
	State NodeState
}

// Validate says what is wrong with a node that wants to be a member.
func (n Node) Validate() error {
	switch {
	case n.ID == "":
		return fmt.Errorf("%w: no id", ErrNode)
	case len(n.ID) > maxName || len(n.Zone) > maxName || len(n.Address) > maxName:
		return fmt.Errorf("%w: %.32q: a name of more than %d bytes", ErrNode, n.ID, maxName)
	case strings.ContainsFunc(n.ID, notName):
		return fmt.Errorf("%w: id %q: only letters, digits, '.', '-', '_' and ':'", ErrNode, n.ID)
	case n.Weight > MaxWeight:
		return fmt.Errorf("%w: %s: weight %d over %d", ErrNode, n.ID, n.Weight, MaxWeight)
	case n.State > Draining:
		return fmt.Errorf("%w: %s: state %d", ErrNode, n.ID, n.State)
	}
	return nil
}

// notName keeps ids usable as a part of a path in the registry and as a word in
// a table or a URL.
func notName(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune(".-_:", r)
}

// same says whether two nodes are the same run of the same process, which is
// what an owner is.
func (n Node) same(other Node) bool {
	return n.ID == other.ID && n.Incarnation == other.Incarnation
}

// share is the node's weight in Plan's arithmetic; 0 takes no shards.
func (n Node) share() uint64 {
	if n.State != Live {
		return 0
	}
	return uint64(max(n.Weight, 1))
}

// roster sorts members by id and drops all but the newest run of each, so that
// the order in which a registry lists them does not matter.
func roster(members []Node) []Node {
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(a, b Node) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(b.Incarnation, a.Incarnation))
	})
	return slices.CompactFunc(sorted, func(a, b Node) bool { return a.ID == b.ID })
}
