package service

import (
	"sync"
	"sync/atomic"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// refusals are the shards for which a stream has answered STATUS_MOVED and the
// client has not resumed: all their envelopes are answered STATUS_MOVED, so that
// none overtakes those that have to be sent again.
type refusals struct {
	some   atomic.Bool // there has been one: before that no lock is needed
	mu     sync.Mutex
	shards map[uint32]struct{}
}

// note looks at each reply of the stream. The shard's number may be any that a
// client thought of; only those that a cluster can have are kept.
func (r *refusals) note(id uint32, reply *wire.Reply) {
	if reply.Status != shardv1.Status_STATUS_MOVED || id >= shard.MaxShards {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shards == nil {
		r.shards = map[uint32]struct{}{}
	}
	r.shards[id] = struct{}{}
	r.some.Store(true)
}

// refuses tells whether e is refused; one that resumes ends the refusal.
func (r *refusals) refuses(e *wire.Envelope) bool {
	if !r.some.Load() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Resume {
		delete(r.shards, e.Shard)
	}
	_, refused := r.shards[e.Shard]
	return refused
}
