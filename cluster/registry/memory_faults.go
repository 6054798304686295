package registry

import (
	"time"

	"github.com/memactor/memactor/cluster/shard"
)

// Cut cuts a member off from the registry: its calls fail with ErrUnavailable,
// and after the TTL it is no member any more. That is also what a crash looks
// like. Unknown ids are ignored here and below.
func (m *Memory) Cut(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if member := m.joined[id]; member != nil {
		m.cutOff(member)
	}
}

// cutOff is called with mu held, as is countDown.
func (m *Memory) cutOff(member *memoryMember) {
	if member.cut {
		return
	}
	member.cut = true
	if !m.down {
		m.countDown(member)
	}
}

// countDown lets a member's session expire after the TTL.
func (m *Memory) countDown(member *memoryMember) {
	s := member.session
	s.timer = time.AfterFunc(m.options.TTL, func() { m.expire(member, s) })
}

// Expire lets a member's session end now, without waiting for the TTL, and
// leaves it cut off.
func (m *Memory) Expire(id string) {
	m.mu.Lock()
	member := m.joined[id]
	if member == nil {
		m.mu.Unlock()
		return
	}
	member.cut = true
	s := member.session
	m.mu.Unlock()
	m.expire(member, s)
}

func (m *Memory) expire(member *memoryMember, s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if member.session != s || !member.present() || !member.cut {
		return
	}
	m.remove(member)
}

// Heal ends a Cut or an Expire: the member is heard again and, if its session
// has ended, joins with a new one, unless another run has its id meanwhile.
func (m *Memory) Heal(member Membership) {
	mm, ok := member.(*memoryMember)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if mm.done {
		return // nobody is there to come back
	}
	mm.cut = false
	mm.session.stop()
	switch {
	case mm.present():
	case m.joined[mm.node.ID] != nil || m.runs[mm.node.ID] > mm.node.Incarnation:
		mm.lose()
	default:
		m.add(mm)
		mm.rejoined = time.Now()
	}
	m.wake()
}

// Stop makes the registry unavailable to everybody. Nobody's session expires
// meanwhile; each has a whole TTL again from Start on, as with Consul.
func (m *Memory) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = true
	for _, member := range m.joined {
		member.session.stop()
	}
	m.wake()
}

// Start ends a Stop.
func (m *Memory) Start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = false
	for _, member := range m.joined {
		if member.cut {
			m.countDown(member)
		}
	}
	if m.stored != nil {
		m.show(m.stored)
	}
	m.wake()
}

// Restore replaces the stored map behind everybody's back: by an older one, by
// one of another cluster, or by none (nil).
func (m *Memory) Restore(table *shard.Map) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.store(table, nil)
}

// Stored is the map as it is stored now; nil is none.
func (m *Memory) Stored() *shard.Map {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stored
}

// Coordinator is the id of the member that holds the leadership; "" is none.
func (m *Memory) Coordinator() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leader == nil {
		return ""
	}
	return m.leader.member.node.ID
}
