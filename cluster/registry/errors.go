package registry

import "errors"

var (
	// ErrUnavailable is a registry that cannot be reached now.
	ErrUnavailable = errors.New("registry unavailable")
	// ErrClosed is a call of a registry after Close.
	ErrClosed = errors.New("registry closed")
	// ErrDuplicate is a node whose id another live node has.
	ErrDuplicate = errors.New("another live node has this id")
	// ErrUnknownNode is an id that the registry has no node for.
	ErrUnknownNode = errors.New("unknown node")
	// ErrLastNode is an order to drain the only node that can own shards.
	ErrLastNode = errors.New("no other live node could take its shards")
	// ErrOtherCluster is a map, or a process, of another cluster.
	ErrOtherCluster = errors.New("of another cluster")
	// ErrShardCount is a map, or a process, with another count of shards.
	ErrShardCount = errors.New("another count of shards than the cluster")
	// ErrStale is a map that is not newer than the one it is to replace.
	ErrStale = errors.New("map is not newer")
	// ErrFenced is a commit by a member that is not the coordinator any more.
	ErrFenced = errors.New("not the coordinator any more")
	// ErrConflict is a commit on top of a map that is not the stored one.
	ErrConflict = errors.New("stored map was changed by somebody else")
	// ErrLost is a membership that has ended.
	ErrLost = errors.New("membership has ended")
)
