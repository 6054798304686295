package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/memactor/memactor/cluster/shard"
)

// memoryLeadership is the lock of a Memory, held through one session.
type memoryLeadership struct {
	member  *memoryMember
	session *session
	changed chan struct{}
	lost    chan struct{}

	// What the last Load or Commit left stored, and its index; guarded by the
	// registry's mu.
	base  *shard.Map
	index uint64
	// When the last Load had to store the map again; guarded likewise.
	republished time.Time
}

func newMemoryLeadership(member *memoryMember) *memoryLeadership {
	return &memoryLeadership{
		member: member, session: member.session,
		changed: make(chan struct{}, 1), lost: make(chan struct{}),
	}
}

func (l *memoryLeadership) Lost() <-chan struct{}    { return l.lost }
func (l *memoryLeadership) Changed() <-chan struct{} { return l.changed }

// Disturbed is when our session was last replaced, or the map stored again.
func (l *memoryLeadership) Disturbed() time.Time {
	l.member.registry.mu.Lock()
	defer l.member.registry.mu.Unlock()
	if l.member.rejoined.After(l.republished) {
		return l.member.rejoined
	}
	return l.republished
}

// Load reads the stored map, and puts back the newest known if that is not it.
func (l *memoryLeadership) Load(context.Context) (*shard.Map, error) {
	m := l.member.registry
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := l.fence(); err != nil {
		return nil, err
	}
	newest, err := m.newest()
	if err != nil {
		return nil, err
	}
	if newest != m.stored && newest.Version() > 0 {
		m.store(newest, l)
		l.republished = time.Now()
	}
	l.base, l.index = newest, m.index
	return newest, nil
}

// Commit is the transaction.
func (l *memoryLeadership) Commit(_ context.Context, next *shard.Map) error {
	m := l.member.registry
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := l.fence(); err != nil {
		return err
	}
	if l.base == nil || l.index != m.index {
		return ErrConflict
	}
	if err := successor(l.base, next); err != nil {
		return err
	}
	m.store(next, l)
	l.base, l.index = next, m.index
	return nil
}

// Resign gives the lock up.
func (l *memoryLeadership) Resign(context.Context) error {
	m := l.member.registry
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leader != l {
		return nil
	}
	if err := l.member.reach(); err != nil {
		return err
	}
	m.release(l.session)
	return nil
}

// fence is the part of the transaction that an ex-coordinator does not pass.
func (l *memoryLeadership) fence() error {
	if err := l.member.reach(); err != nil {
		return err
	}
	if l.member.registry.leader != l {
		return ErrFenced
	}
	return nil
}

// newest is the map to go on from; a new cluster's if there is none at all.
func (m *Memory) newest() (*shard.Map, error) {
	found := newest(m.maps.look().value, m.stored)
	if found == nil {
		return shard.Empty(m.options.ClusterID, m.options.Shards)
	}
	return found, m.fits(found)
}

// fits says whether a stored map is one for this registry's options.
func (m *Memory) fits(stored *shard.Map) error {
	if stored.Len() != m.options.Shards {
		return fmt.Errorf("%w: %d, not %d", ErrShardCount, stored.Len(), m.options.Shards)
	}
	return nil
}

// store writes the map and tells everybody but by, who did it.
func (m *Memory) store(table *shard.Map, by *memoryLeadership) {
	m.stored = table
	m.index++
	if table != nil && !m.down {
		m.show(table)
	}
	if m.leader != nil && m.leader != by {
		m.leader.tell()
	}
}

// tell never blocks: one value says all.
func (l *memoryLeadership) tell() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}
