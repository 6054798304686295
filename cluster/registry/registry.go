// Package registry says who is alive and keeps the cluster's one shard map.
//
// Three implementations stand behind the same interfaces:
//
//   - Consul is the registry of a deployed cluster.
//   - Memory is its equal inside one process, for dev mode and for tests, which
//     can cut members off, stop it and wipe it.
//   - Static is a list of nodes in the configuration: nobody joins, nobody
//     leaves, and there is no coordinator.
//
// What happens when a node starts: it joins (Join) and so becomes a member
// (WatchMembers). It campaigns (Membership.Campaign); one member at a time is
// elected and is the coordinator. The coordinator plans a map for the members
// and commits it (Leadership.Commit), and everybody learns of it (WatchMap).
//
// All implementations keep two promises about maps: a watch never shows a map
// with a lower version than one it showed before, nor a map of another cluster;
// and whoever is not the coordinator any more cannot commit.
package registry

import (
	"context"
	"time"

	"github.com/memactor/memactor/cluster/shard"
)

// Maps is where the shard map comes from: all that a gateway or a direct client
// needs of a registry.
type Maps interface {
	// WatchMap sends the map as it is known now, as soon as there is one, and
	// then each newer one. A reader that is slow misses maps but always gets
	// the newest, and holds up nobody. The channel is closed when ctx ends or
	// the registry is closed.
	WatchMap(ctx context.Context) <-chan *shard.Map
}

// Registry is what a shard node needs. Its methods may be called at any time by
// any goroutine.
type Registry interface {
	Maps
	// WatchMembers sends the members, in order of their ids, and again whenever
	// they change, in the way of WatchMap. While the registry cannot be reached
	// the last list stands.
	WatchMembers(ctx context.Context) <-chan []shard.Node
	// Join makes node a member until it leaves or is not heard of any more. As
	// long as the registry cannot be reached it keeps trying, until ctx ends;
	// refusals (ErrDuplicate, ErrShardCount, ErrOtherCluster, ErrUnknownNode,
	// shard.ErrNode) come at once. The node should serve before it joins:
	// shards may be given to it before Join returns.
	Join(ctx context.Context, node shard.Node) (Membership, error)
	// Drain marks a member as draining, until it starts again: the coordinator
	// takes its shards away. ErrUnknownNode if there is no such member, and
	// ErrLastNode if no other one is live: its shards would have no owner.
	Drain(ctx context.Context, id string) error
	// Close ends every watch and lets go of all resources. It does not leave:
	// members that are still joined look as if they had crashed.
	Close() error
}

// Membership is one node's place among the members. It looks after itself: when
// the registry loses it and comes back, it joins again.
type Membership interface {
	// Node is the node as the registry took it in. Its incarnation is the one
	// that maps carry: at least the one that was given to Join, and more than
	// that of every earlier run under this id that the registry knows of.
	Node() shard.Node
	// Campaign waits until this member is elected coordinator, or ctx ends, or
	// the membership does (ErrLost).
	Campaign(ctx context.Context) (Leadership, error)
	// Leave ends the membership at once, and the leadership with it. Calling it
	// again does nothing.
	Leave(ctx context.Context) error
	// Lost is closed when the membership has ended in another way than by Leave
	// and cannot be restored: another run of the node has taken the id over.
	Lost() <-chan struct{}
}

// Leadership is the right to commit maps, for as long as the member that was
// elected keeps its session. One goroutine uses it.
type Leadership interface {
	// Load is the newest map that the registry has or that this process has
	// seen; of a new cluster, an empty one of version 0. If the stored map was
	// lost or set back, Load stores the newest again before it returns it.
	// Errors are those of Commit.
	Load(ctx context.Context) (*shard.Map, error)
	// Commit stores the map that follows the one of the last Load or Commit.
	// It is one transaction: ErrFenced if this member is not the coordinator
	// any more; ErrConflict if somebody else has written meanwhile: Load again.
	// After any other error it is not known whether the map was stored: Load.
	Commit(ctx context.Context, next *shard.Map) error
	// Changed gets a value when the stored map was written by somebody else,
	// or lost: Load again.
	Changed() <-chan struct{}
	// Disturbed is when the registry last lost what this process had put there:
	// its member's session, or the map. Zero is never. Other members may have
	// been lost with it, and may be on their way back. After a registry that could
	// not be reached it is a moment ahead: until then members that were there may go,
	// and come back.
	Disturbed() time.Time
	// Lost is closed when this member is not the coordinator any more.
	Lost() <-chan struct{}
	// Resign gives the leadership up, so that another member is elected at
	// once. Calling it again does nothing.
	Resign(ctx context.Context) error
}
