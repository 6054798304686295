package registry

import (
	"context"
	"sync"
	"time"

	"github.com/memactor/memactor/cluster/shard"
)

// memoryMember is one node's membership in a Memory. What it holds is guarded by
// the registry's mu.
type memoryMember struct {
	registry *Memory
	node     shard.Node
	session  *session
	cut      bool      // its calls do not get through
	done     bool      // left, or lost
	rejoined time.Time // when its session was last replaced

	lostOnce sync.Once
	lost     chan struct{}
}

// orNil keeps a nil pointer from becoming an interface that is not nil.
func (mm *memoryMember) orNil() Membership {
	if mm == nil {
		return nil
	}
	return mm
}

func (mm *memoryMember) Node() shard.Node {
	mm.registry.mu.Lock()
	defer mm.registry.mu.Unlock()
	return mm.node
}

func (mm *memoryMember) Lost() <-chan struct{} { return mm.lost }

// lose ends the membership for good.
func (mm *memoryMember) lose() {
	mm.done = true
	mm.lostOnce.Do(func() { close(mm.lost) })
}

// Leave gives the session up. If the registry cannot be told, the session
// expires as that of a process that is gone.
func (mm *memoryMember) Leave(context.Context) error {
	m := mm.registry
	m.mu.Lock()
	defer m.mu.Unlock()
	if mm.done {
		return nil
	}
	mm.done = true
	if !mm.present() {
		return nil
	}
	if err := mm.reach(); err != nil {
		m.cutOff(mm)
		return err
	}
	m.remove(mm)
	return nil
}

// Campaign waits for the lock.
func (mm *memoryMember) Campaign(ctx context.Context) (Leadership, error) {
	for {
		leadership, wait, err := mm.acquire()
		if err != nil {
			return nil, err
		}
		if leadership != nil {
			return leadership, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// acquire takes the lock, or says what to wait for.
func (mm *memoryMember) acquire() (*memoryLeadership, <-chan struct{}, error) {
	m := mm.registry
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return nil, nil, ErrClosed
	case mm.done:
		return nil, nil, ErrLost
	case mm.reach() != nil || !mm.present() || m.leader != nil && m.leader.session != mm.session:
		return nil, m.changed, nil
	}
	m.release(mm.session) // what it could not give up before
	m.leader = newMemoryLeadership(mm)
	return m.leader, nil, nil
}

// reach says why a call of this member does not get through.
func (mm *memoryMember) reach() error {
	if mm.cut {
		return ErrUnavailable
	}
	return mm.registry.available()
}

// present says whether the registry counts this very run as a member.
func (mm *memoryMember) present() bool {
	return mm.registry.joined[mm.node.ID] == mm
}
