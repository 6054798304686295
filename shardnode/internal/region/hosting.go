package region

import (
	"errors"
	"fmt"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// ErrMap is a shard map that the region does not take.
var ErrMap = errors.New("shard map refused")

// ErrMemory is a memory limit that the region does not take.
var ErrMemory = errors.New("memory limit refused")

// hosting is the snapshot that deliveries are decided on: a map, and what the node
// hosts by it. It is never changed.
type hosting struct {
	m      *shard.Map // nil until there is one
	shards []*hosted  // by shard; nil: not hosted
	list   []*hosted  // those that are hosted
}

// SetMap makes m the region's map: shards that it gives to this node begin empty,
// those that it takes away end, and their mail is answered STATUS_MOVED. A shard
// whose epoch has changed is another one: somebody else may have had it. Maps of
// another cluster, of another shard count or of a lower version are ErrMap; the
// same version again is nothing.
func (r *Region) SetMap(m *shard.Map) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.hosting.Load()
	if old.m != nil {
		if err := follows(m, old.m); err != nil {
			return err
		}
		if m.Version() == old.m.Version() {
			return nil
		}
	}
	next := r.plan(m, old)
	// Mail is returned before a shard can begin anew: nothing overtakes it.
	r.returnMail(m, r.closeGone(old, next))
	r.hosting.Store(next)
	r.opts.Log.Info().Uint64("version", m.Version()).Int("shards", len(next.list)).Msg("shard map taken")
	return nil
}

func follows(m, old *shard.Map) error {
	switch {
	case m.ClusterID() != old.ClusterID():
		return fmt.Errorf("%w: it is of cluster %q, this node is of %q", ErrMap, m.ClusterID(), old.ClusterID())
	case m.Len() != old.Len():
		return fmt.Errorf("%w: it has %d shards, this cluster %d", ErrMap, m.Len(), old.Len())
	case m.Version() < old.Version():
		return fmt.Errorf("%w: version %d is older than %d", ErrMap, m.Version(), old.Version())
	}
	return nil
}

// plan is what the node hosts by m, with the shards of old that stay.
func (r *Region) plan(m *shard.Map, old *hosting) *hosting {
	next := &hosting{m: m, shards: make([]*hosted, m.Len())}
	for i := range next.shards {
		id := shard.ID(i)
		owner, ok := m.Owner(id)
		if !ok || owner.ID != r.opts.NodeID || owner.Incarnation != r.opts.Incarnation {
			continue
		}
		h := old.kept(i, m.Epoch(id))
		if h == nil {
			h = newHosted(uint32(i), m.Epoch(id), r.sequence)
		}
		next.shards[i] = h
		next.list = append(next.list, h)
	}
	return next
}

// kept is the shard that is hosted under that epoch already, nil if it is not.
func (o *hosting) kept(i int, epoch uint64) *hosted {
	if o.m == nil || o.shards[i] == nil || o.shards[i].epoch != epoch {
		return nil
	}
	return o.shards[i]
}

// closeGone ends the shards that next has not, and returns their mail.
func (r *Region) closeGone(old, next *hosting) []undelivered {
	var all []undelivered
	for _, h := range old.list {
		if next.shards[h.id] == h {
			continue
		}
		undone, counts, freed := h.close()
		r.budget.give(freed)
		r.stray.add(&counts)
		if len(undone) > 0 {
			all = append(all, undelivered{h.id, undone})
		}
	}
	return all
}

// undelivered is the mail of a shard that ended.
type undelivered struct {
	shard uint32
	mails []mail
}

func (r *Region) returnMail(m *shard.Map, all []undelivered) {
	var reply wire.Reply
	for _, u := range all {
		for i := range u.mails {
			r.stray.count(Moved)
			reply = wire.Reply{ID: u.mails[i].env.ID, Status: shardv1.Status_STATUS_MOVED, Moved: moved(m, u.shard)}
			u.mails[i].sink.Reply(u.shard, &reply)
		}
	}
}
