package watch

import (
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Kinds is a set of kinds of events.
type Kinds uint32

// KindsOf is the set of these kinds; those that do not exist are left out.
func KindsOf(kinds ...shardv1.LogKind) Kinds {
	var set Kinds
	for _, k := range kinds {
		if k > shardv1.LogKind_LOG_KIND_UNSPECIFIED && k <= shardv1.LogKind_LOG_KIND_DELETIONS {
			set |= Kind(k)
		}
	}
	return set
}

// Kind is the set of this one kind.
func Kind(k shardv1.LogKind) Kinds { return 1 << k }

// The sets of one kind.
const (
	Fetchers  = Kinds(1 << shardv1.LogKind_LOG_KIND_FETCHERS)
	Mutations = Kinds(1 << shardv1.LogKind_LOG_KIND_MUTATIONS)
	Evictions = Kinds(1 << shardv1.LogKind_LOG_KIND_EVICTIONS)
	Deletions = Kinds(1 << shardv1.LogKind_LOG_KIND_DELETIONS)
)

// Event is shardv1.LogEvent as plain memory: the fields mean the same.
type Event struct {
	Time    int64
	TTL     int64
	Size    int
	Idle    int64
	Kind    shardv1.LogKind
	Op      shardv1.Op
	Outcome shardv1.LogOutcome
	Fetched bool

	keyLen uint8
	key    [wire.MaxKey]byte
}

// SetKey copies the key, which has no more than wire.MaxKey bytes.
func (e *Event) SetKey(key []byte) { e.keyLen = uint8(copy(e.key[:], key)) }

// Key is the event's own memory.
func (e *Event) Key() []byte { return e.key[:e.keyLen] }
