package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/memactor/memactor/cluster/shard"
)

// MemoryOptions configure a Memory. The zero value is ready for dev mode.
type MemoryOptions struct {
	// ClusterID names the cluster; "" is "memory".
	ClusterID string
	// Shards is the count of shards; 0 is shard.DefaultShards.
	Shards int
	// TTL is how long a member that was cut off stays a member; 0 is 10 s, the
	// least that Consul's sessions allow.
	TTL time.Duration
}

// Memory is a registry within one process, and Consul's equal: members are alive
// by sessions, the coordinator holds a lock through its session, and a map is
// committed by a transaction that checks the session and the stored map's index.
//
// Tests play the world with it: Cut and Heal a member's way to the registry,
// Expire a session, Stop and Start the registry, Restore another map.
type Memory struct {
	options MemoryOptions
	maps    *topic[*shard.Map]
	members *topic[[]shard.Node]

	mu      sync.Mutex
	changed chan struct{} // closed and replaced with each change of what is below
	down    bool
	closed  bool
	runs    map[string]uint64        // by node id: the newest incarnation ever
	joined  map[string]*memoryMember // by node id
	leader  *memoryLeadership        // who holds the lock; nil: nobody
	stored  *shard.Map               // nil: none
	index   uint64                   // grows with each write of stored
}

var _ Registry = (*Memory)(nil)

// session is one stay of a member; it ends when it expires or is given up.
type session struct {
	timer *time.Timer // runs while the member is cut off
}

// NewMemory is an empty registry. Close it.
func NewMemory(options MemoryOptions) (*Memory, error) {
	if options.ClusterID == "" {
		options.ClusterID = "memory"
	}
	if options.Shards == 0 {
		options.Shards = shard.DefaultShards
	}
	if options.TTL == 0 {
		options.TTL = 10 * time.Second
	}
	if _, err := shard.Bits(options.Shards); err != nil {
		return nil, err
	}
	m := &Memory{
		options: options,
		maps:    newTopic[*shard.Map](),
		members: newTopic[[]shard.Node](),
		changed: make(chan struct{}),
		runs:    map[string]uint64{},
		joined:  map[string]*memoryMember{},
	}
	m.members.publish(nil)
	return m, nil
}

// WatchMap follows the map.
func (m *Memory) WatchMap(ctx context.Context) <-chan *shard.Map { return m.maps.watch(ctx) }

// WatchMembers follows the members.
func (m *Memory) WatchMembers(ctx context.Context) <-chan []shard.Node { return m.members.watch(ctx) }

// Join makes node a member at once, or when the registry is started again.
func (m *Memory) Join(ctx context.Context, node shard.Node) (Membership, error) {
	if err := node.Validate(); err != nil {
		return nil, err
	}
	for {
		member, wait, err := m.admit(node)
		if err != nil || member != nil {
			return member.orNil(), err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// admit makes node a member, or says what to wait for before trying again.
func (m *Memory) admit(node shard.Node) (*memoryMember, <-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, ErrClosed
	}
	if m.down {
		return nil, m.changed, nil
	}
	old := m.joined[node.ID]
	if old != nil && old.node.Address != node.Address {
		if old.cut { // it looks dead: its session will expire
			return nil, m.changed, nil
		}
		return nil, nil, fmt.Errorf("%w: %s at %s", ErrDuplicate, node.ID, old.node.Address)
	}
	if old != nil { // whoever serves at the same address now has replaced it
		m.remove(old)
		old.lose()
	}
	node.Incarnation = max(node.Incarnation, m.runs[node.ID]+1)
	m.runs[node.ID] = node.Incarnation
	member := &memoryMember{registry: m, node: node, lost: make(chan struct{})}
	m.add(member)
	return member, nil, nil
}

// Drain marks a member as draining.
func (m *Memory) Drain(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.available(); err != nil {
		return err
	}
	if _, _, err := drainee(m.list(), id); err != nil {
		return err
	}
	m.joined[id].node.State = shard.Draining
	m.announce()
	return nil
}

// Close ends the watches and everything that waits.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	for _, member := range m.joined {
		member.session.stop()
	}
	m.maps.end()
	m.members.end()
	m.wake()
	return nil
}

// available says why no call can be served now. It, like all that is below, is
// called with mu held.
func (m *Memory) available() error {
	switch {
	case m.closed:
		return ErrClosed
	case m.down:
		return ErrUnavailable
	}
	return nil
}

// add gives a member a new session and its place.
func (m *Memory) add(member *memoryMember) {
	member.session = &session{}
	m.joined[member.node.ID] = member
	m.announce()
}

// remove ends a member's session, and the leadership that it holds.
func (m *Memory) remove(member *memoryMember) {
	member.session.stop()
	delete(m.joined, member.node.ID)
	m.release(member.session)
	m.announce()
}

// release frees the lock if s holds it.
func (m *Memory) release(s *session) {
	if m.leader != nil && m.leader.session == s {
		close(m.leader.lost)
		m.leader = nil
		m.wake()
	}
}

// announce tells the watchers who the members are.
func (m *Memory) announce() {
	m.members.publish(m.list())
	m.wake()
}

// list is the members, in order of their ids.
func (m *Memory) list() []shard.Node {
	nodes := make([]shard.Node, 0, len(m.joined))
	for _, member := range slices.Collect(maps.Values(m.joined)) {
		nodes = append(nodes, member.node)
	}
	slices.SortFunc(nodes, func(a, b shard.Node) int { return strings.Compare(a.ID, b.ID) })
	return nodes
}

// show tells the watchers of a map, if it is one that they may see.
func (m *Memory) show(table *shard.Map) {
	if judge(m.maps.look().value, table) == newer {
		m.maps.publish(table)
	}
}

func (m *Memory) wake() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// stop stops the clock of a session that was cut off.
func (s *session) stop() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}
