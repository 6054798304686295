package registry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/shard"
)

// maxStored is the largest map that is committed. Consul takes transactions of
// 512 KB, in which a value grows by a third.
const maxStored = 380_000

// ErrTooLarge is a map that the registry cannot store: too many shards.
var ErrTooLarge = errors.New("shard map too large for the registry")

// consulLeadership is the lock on the coordinator's key, held by one session.
type consulLeadership struct {
	c       *Consul
	member  *consulMember
	session *consulSession
	changed chan struct{}
	stop    context.CancelFunc

	// What the last Load or Commit left stored, used by one goroutine; and its
	// index, which followMap looks at as well.
	base  *shard.Map
	index atomic.Uint64

	settled bool // we have waited for somebody who knows an earlier map

	mu          sync.Mutex
	republished time.Time
	lostOnce    sync.Once
	lost        chan struct{}
}

// lead begins a leadership that was won.
func (c *Consul) lead(m *consulMember, s *consulSession) (Leadership, error) {
	l := &consulLeadership{c: c, member: m, session: s, changed: make(chan struct{}, 1), lost: make(chan struct{})}
	ctx, stop := context.WithCancel(c.ctx)
	l.stop = stop
	c.mu.Lock()
	c.leading = l
	c.mu.Unlock()
	if !c.goDo(func(context.Context) { l.watch(ctx) }) {
		l.lose()
		return nil, ErrClosed
	}
	return l, nil
}

// watch loses the leadership when the key is not ours any more, or the session is
// known to have ended.
func (l *consulLeadership) watch(ctx context.Context) {
	defer context.AfterFunc(l.session.ended, l.lose)()
	l.c.followCoordinator(ctx, func(holder string) bool { return holder == l.session.id })
	if ctx.Err() == nil {
		l.lose()
	}
}

func (l *consulLeadership) lose() {
	l.stop()
	l.c.mu.Lock()
	if l.c.leading == l {
		l.c.leading = nil
	}
	l.c.mu.Unlock()
	l.lostOnce.Do(func() { close(l.lost) })
}

func (l *consulLeadership) Lost() <-chan struct{}    { return l.lost }
func (l *consulLeadership) Changed() <-chan struct{} { return l.changed }
func (l *consulLeadership) tell()                    { signal(l.changed) }

// Disturbed is when our session was last replaced, or the map stored again, or when
// the members have settled since Consul came back.
func (l *consulLeadership) Disturbed() time.Time {
	l.mu.Lock()
	republished := l.republished
	l.mu.Unlock()
	l.member.mu.Lock()
	rejoined := l.member.rejoined
	l.member.mu.Unlock()
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	return slices.MaxFunc([]time.Time{republished, rejoined, l.c.flapped}, time.Time.Compare)
}

// fence is the operation that rolls a transaction back unless our session holds
// the coordinator's key. It goes first.
func (l *consulLeadership) fence() *api.KVTxnOp {
	return &api.KVTxnOp{Verb: api.KVCheckSession, Key: l.c.keys.coordinator, Session: l.session.id}
}

// fenced runs a transaction behind the fence.
func (l *consulLeadership) fenced(ctx context.Context, ops ...*api.KVTxnOp) ([]*api.KVPair, error) {
	pairs, failed, err := l.c.calls.txn(ctx, append([]*api.KVTxnOp{l.fence()}, ops...)...)
	switch {
	case err != nil:
		return nil, err
	case len(failed) == 0:
		return pairs, nil
	case failed[0].OpIndex == 0:
		l.lose()
		return nil, fmt.Errorf("%w: %s", ErrFenced, failed[0].What)
	}
	return nil, fmt.Errorf("%w: %s", ErrConflict, failed[0].What)
}

// Load finds the newest map, and stores it again if Consul has lost it.
func (l *consulLeadership) Load(ctx context.Context) (*shard.Map, error) {
	l.base = nil
	s, found, err := l.find(ctx)
	if err == nil && found == nil && !l.settled && l.c.options.Settle > 0 {
		l.settled = true
		l.c.log.Info().Dur("wait", l.c.options.Settle).Msg("consul: no shard map; does anybody know one?")
		pause(ctx, l.c.options.Settle)
		s, found, err = l.find(ctx)
	}
	if err != nil {
		return nil, err
	}
	l.index.Store(s.index())
	if found == nil {
		l.base, err = l.c.found()
		return l.base, err
	}
	if err := l.c.admits(found); err != nil {
		return nil, err
	}
	if found != s.stored || s.recoveredPair != nil {
		if err := l.restore(ctx, s, found); err != nil {
			return nil, err
		}
	}
	l.base = found
	l.c.take(found)
	return found, nil
}

// found is the first map of a new cluster. Its id says more than the cluster's
// name does: whoever remembers another cluster of that name will notice.
func (c *Consul) found() (*shard.Map, error) {
	var unique [4]byte
	if _, err := rand.Read(unique[:]); err != nil {
		return nil, err
	}
	shards := c.options.Shards
	if shards == 0 {
		shards = shard.DefaultShards
	}
	return shard.Empty(c.options.Cluster+"/"+hex.EncodeToString(unique[:]), shards)
}

// find reads what is stored and says which map to go on from; nil: there is none.
func (l *consulLeadership) find(ctx context.Context) (storedMaps, *shard.Map, error) {
	pairs, err := l.fenced(ctx,
		&api.KVTxnOp{Verb: api.KVGetOrEmpty, Key: l.c.keys.maps},
		&api.KVTxnOp{Verb: api.KVGetOrEmpty, Key: l.c.keys.recovered},
	)
	if err != nil {
		return storedMaps{}, nil, err
	}
	s := l.c.keys.sort(present(pairs))
	if errors.Is(s.unreadable, shard.ErrFormat) {
		return s, nil, s.unreadable
	}
	found := newest(l.c.known(), s.stored)
	if s.recovered != nil && judge(found, s.recovered) != foreign {
		found = newest(s.recovered, found) // its owners are those that nodes still act on
	}
	if found == nil && s.unreadable != nil {
		return s, nil, fmt.Errorf("key %s: %w; delete it to begin anew", l.c.keys.maps, s.unreadable)
	}
	return s, found, nil
}

// present is the pairs of keys that there are: a transaction answers with an
// empty pair for a key that there is not.
func present(pairs []*api.KVPair) api.KVPairs {
	var there api.KVPairs
	for _, pair := range pairs {
		if pair != nil && pair.ModifyIndex > 0 {
			there = append(there, pair)
		}
	}
	return there
}

// restore stores the newest map again, and clears away the recovered one.
func (l *consulLeadership) restore(ctx context.Context, s storedMaps, m *shard.Map) error {
	ops := []*api.KVTxnOp{{Verb: api.KVCAS, Key: l.c.keys.maps, Index: s.index(), Value: shard.Encode(m)}}
	if s.recoveredPair != nil {
		ops = append(ops, &api.KVTxnOp{Verb: api.KVDeleteCAS, Key: l.c.keys.recovered, Index: s.recoveredPair.ModifyIndex})
	}
	pairs, err := l.fenced(ctx, ops...)
	if err != nil {
		return err
	}
	l.stored(pairs)
	if m != s.stored {
		l.c.log.Warn().Stringer("map", m).Stringer("instead of", s.stored).Msg("consul: stored the newest shard map again")
		l.mu.Lock()
		l.republished = time.Now()
		l.mu.Unlock()
	}
	return nil
}

// stored takes note of the index under which a transaction has stored the map.
func (l *consulLeadership) stored(pairs []*api.KVPair) {
	for _, pair := range pairs {
		if pair != nil && pair.Key == l.c.keys.maps {
			l.index.Store(pair.ModifyIndex)
		}
	}
}

// Commit is one transaction: the fence, and a check-and-set of the map.
func (l *consulLeadership) Commit(ctx context.Context, next *shard.Map) error {
	if l.base == nil {
		return fmt.Errorf("%w: nothing was loaded", ErrConflict)
	}
	if err := successor(l.base, next); err != nil {
		return err
	}
	value := shard.Encode(next)
	if len(value) > maxStored {
		return fmt.Errorf("%w: %d bytes, over %d", ErrTooLarge, len(value), maxStored)
	}
	pairs, err := l.fenced(ctx, &api.KVTxnOp{Verb: api.KVCAS, Key: l.c.keys.maps, Index: l.index.Load(), Value: value})
	if err != nil {
		return err
	}
	l.stored(pairs)
	l.base = next
	l.c.take(next)
	return nil
}

// Resign deletes the coordinator's key, if it is still ours.
func (l *consulLeadership) Resign(ctx context.Context) error {
	select {
	case <-l.lost:
		return nil
	default:
	}
	l.lose()
	_, err := l.fenced(ctx, &api.KVTxnOp{Verb: api.KVDelete, Key: l.c.keys.coordinator})
	if errors.Is(err, ErrFenced) {
		return nil
	}
	return err
}
