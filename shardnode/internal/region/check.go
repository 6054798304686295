package region

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// address is where an envelope goes.
type address struct {
	home *hosted
	hash uint32 // of the key, for the shard's index
}

// admit checks an envelope, whatever its sender made of it, and finds its shard:
// STATUS_OK, STATUS_INVALID or STATUS_MOVED. What is no valid shard of the map's is
// checked first, so that e.Shard is a valid one in every other case.
func (r *Region) admit(e *wire.Envelope) (address, shardv1.Status) {
	now := r.hosting.Load()
	if now.m == nil {
		return address{}, shardv1.Status_STATUS_MOVED
	}
	if invalid(e) != "" || int(e.Shard) >= now.m.Len() {
		return address{}, shardv1.Status_STATUS_INVALID
	}
	to := address{home: now.shards[e.Shard]}
	if e.Op != shardv1.Op_OP_FLUSH {
		sum := xxhash.Sum64(e.Key)
		if sum>>(64-now.m.Bits()) != uint64(e.Shard) {
			return address{}, shardv1.Status_STATUS_INVALID
		}
		to.hash = uint32(sum)
	}
	if to.home == nil {
		return address{}, shardv1.Status_STATUS_MOVED
	}
	return to, shardv1.Status_STATUS_OK
}

// invalid says what is wrong with the envelope, whatever the map is; "" if nothing.
func invalid(e *wire.Envelope) string {
	switch {
	case e.Op == shardv1.Op_OP_FLUSH:
		return ""
	case e.Op < 0 || e.Op > shardv1.Op_OP_FLUSH || !entry.Op(e.Op).Valid():
		return "unknown op"
	case len(e.Key) == 0 || len(e.Key) > wire.MaxKey:
		return fmt.Sprintf("a key of %d bytes; allowed are 1 to %d", len(e.Key), wire.MaxKey)
	case len(e.Value) > wire.MaxValue:
		return fmt.Sprintf("a value of %d bytes; allowed are %d", len(e.Value), wire.MaxValue)
	case e.Options > uint32(entry.KnownOptions):
		return fmt.Sprintf("options %d; known are those up to %d", e.Options, entry.KnownOptions)
	}
	return ""
}

// refusal is the reply to an envelope that is not executed.
func (r *Region) refusal(reply *wire.Reply, e *wire.Envelope, status shardv1.Status) {
	*reply = wire.Reply{ID: e.ID, Status: status}
	switch status {
	case shardv1.Status_STATUS_MOVED:
		r.stray.count(Moved)
		reply.Moved = moved(r.Map(), e.Shard)
	case shardv1.Status_STATUS_INVALID:
		r.stray.count(Invalid)
		if reply.Message = invalid(e); reply.Message == "" {
			reply.Message = "not a shard of this cluster, or not the shard of this key"
		}
	default: // the status says it all
	}
}

// moved is who serves the shard by m, if anybody does; nil without a map.
func moved(m *shard.Map, id uint32) *shardv1.Moved {
	if m == nil || int(id) >= m.Len() {
		return nil
	}
	owner, ok := m.Owner(shard.ID(id))
	if !ok {
		return &shardv1.Moved{MapVersion: m.Version(), Epoch: m.Epoch(shard.ID(id))}
	}
	return &shardv1.Moved{
		MapVersion: m.Version(), Epoch: m.Epoch(shard.ID(id)), NodeId: owner.ID, Address: owner.Address,
	}
}
