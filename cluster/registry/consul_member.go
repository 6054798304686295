package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/shard"
)

// consulMember is one node's membership: a service at the agent, a session, and
// the key under nodes/ that the session has locked. One goroutine (keep) renews
// the session, and makes everything anew when Consul has lost it.
type consulMember struct {
	c        *Consul
	sessions *topic[*consulSession] // nil: there is none now
	poked    chan struct{}          // look whether all is well, now
	reminded chan struct{}          // Consul's map is not the newest
	stop     context.CancelFunc
	stopped  chan struct{}

	// Used by Join, and then by keep.
	registered bool      // the agent was told of the service
	failures   int       // in a row
	unheard    time.Time // since when Consul has not answered, for keep; zero: it has

	mu       sync.Mutex
	node     shard.Node
	rejoined time.Time // when a session was last replaced
	left     bool

	lostOnce sync.Once
	lost     chan struct{}
}

func newConsulMember(c *Consul, node shard.Node) *consulMember {
	m := &consulMember{
		c: c, node: node, sessions: newTopic[*consulSession](),
		poked: make(chan struct{}, 1), reminded: make(chan struct{}, 1),
		stop: func() {}, stopped: make(chan struct{}), lost: make(chan struct{}),
	}
	m.sessions.publish(nil)
	return m
}

func (m *consulMember) key() string           { return m.c.keys.nodes + m.node.ID } // the id never changes
func (m *consulMember) Lost() <-chan struct{} { return m.lost }

func (m *consulMember) Node() shard.Node {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.node
}

// session is the session of now; nil is none.
func (m *consulMember) session() *consulSession { return m.sessions.look().value }

// heard is told of the members whenever they change, with Consul's mu held.
func (m *consulMember) heard(nodes []shard.Node, held map[string]*api.KVPair) {
	s := m.session()
	if s == nil {
		return // keep is at work
	}
	if pair := held[m.node.ID]; pair == nil || pair.Session != s.id {
		signal(m.poked)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range nodes {
		if n.ID == m.node.ID {
			m.node.State = n.State // somebody may have asked us to drain
		}
	}
}

// remind asks for the newest known map to be left for the coordinator.
func (m *consulMember) remind() { signal(m.reminded) }

// signal never blocks: one value says all.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// keep looks after the membership until it ends.
func (m *consulMember) keep(ctx context.Context) {
	defer close(m.stopped)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if !m.stopBy(stop) {
		return
	}
	renewal, recovery := time.NewTimer(m.c.options.TTL/2), time.NewTimer(time.Hour)
	defer renewal.Stop()
	defer recovery.Stop()
	for !m.over() {
		select {
		case <-ctx.Done():
			return
		case <-m.reminded:
			recovery.Reset(recoverDelay)
		case <-recovery.C:
			recovery.Reset(m.recover(ctx))
		case <-m.poked:
			renewal.Reset(m.attend(ctx, true))
		case <-renewal.C:
			renewal.Reset(m.attend(ctx, false))
		}
	}
}

// recover leaves the newest known map for the coordinator, and says when to see
// to it again.
func (m *consulMember) recover(ctx context.Context) time.Duration {
	if err := m.c.offer(ctx); err != nil {
		m.c.log.Warn().Err(err).Msg("consul: could not leave the newest shard map for the coordinator")
		return recoverDelay
	}
	return time.Hour // or when we are reminded
}

// attend sees that all is well with the membership, and says when to look again.
func (m *consulMember) attend(ctx context.Context, poked bool) time.Duration {
	err := m.tend(ctx, poked)
	switch {
	case err == nil:
		m.failures = 0
		return m.c.options.TTL / 2
	case errors.Is(err, ErrLost):
		m.lose(err)
	case ctx.Err() == nil:
		m.c.log.Warn().Err(err).Msg("consul: membership not confirmed; trying again")
	}
	m.failures++
	return backoff(m.failures - 1)
}

// stopBy says how keep is stopped; false: it has been already.
func (m *consulMember) stopBy(stop context.CancelFunc) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stop = stop
	return !m.left
}

// tend renews the session, or gets a new one. Poked, it looks at the key too.
func (m *consulMember) tend(ctx context.Context, poked bool) error {
	s := m.session()
	if s == nil {
		return m.rejoin(ctx)
	}
	asked := time.Now()
	alive, err := m.c.calls.renew(ctx, s.id)
	m.answered(asked, err)
	if err == nil && alive && poked {
		alive, err = m.holds(ctx, s)
	}
	if err != nil || alive {
		return err
	}
	m.drop(s)
	m.c.log.Warn().Msg("consul: this node is no member any more; joining again")
	return m.rejoin(ctx)
}

// answered notes whether Consul has answered what it was asked then. In a network that drops
// what is sent, a question that waits for news does not fail; this one does.
func (m *consulMember) answered(asked time.Time, err error) {
	switch {
	case err != nil && m.unheard.IsZero():
		m.unheard = asked
	case err == nil && !m.unheard.IsZero():
		m.c.back(m.unheard)
		m.unheard = time.Time{}
	}
}

// holds says whether the session still has the node's key.
func (m *consulMember) holds(ctx context.Context, s *consulSession) (bool, error) {
	pair, err := m.c.calls.get(ctx, m.key())
	return pair != nil && pair.Session == s.id, err
}

// drop is the end of a session.
func (m *consulMember) drop(s *consulSession) {
	m.sessions.publish(nil)
	s.end()
}

// rejoin is one attempt to become a member again. The incarnation stays: the node
// still has what it had.
func (m *consulMember) rejoin(ctx context.Context) error {
	pair, holder, err := m.holder(ctx)
	if err != nil {
		return err
	}
	// Another holder is an earlier run, or a session of ours of which we never heard.
	if pair != nil && holder.Incarnation > m.Node().Incarnation {
		return fmt.Errorf("%w: node %s has started again at %s", ErrLost, holder.ID, holder.Address)
	}
	known, err := m.c.registered(ctx, m.node.ID)
	if err != nil {
		return err
	}
	if !known { // otherwise the check stays as it is: if it is critical, so are we
		if err := m.register(ctx); err != nil {
			return err
		}
	}
	if err := m.enter(ctx, pair); err != nil {
		return err
	}
	m.mu.Lock()
	m.rejoined = time.Now()
	m.mu.Unlock()
	m.c.log.Info().Str("node", m.node.ID).Msg("consul: joined again")
	return nil
}

// register makes the node a service.
func (m *consulMember) register(ctx context.Context) error {
	service, err := m.c.nodeRegistration(m.Node())
	if err != nil {
		return err
	}
	m.registered = true
	return m.c.calls.register(ctx, service)
}

// enter opens a session and locks the node's key with it. If another session held
// the key (held), the key changes hands at once: nobody sees the node missing.
func (m *consulMember) enter(ctx context.Context, held *api.KVPair) error {
	s, err := m.c.openSession(ctx, m.node.ID)
	if err != nil {
		return err
	}
	var ops []*api.KVTxnOp
	if held != nil {
		ops = append(ops, &api.KVTxnOp{Verb: api.KVUnlock, Key: m.key(), Session: held.Session, Value: held.Value})
	}
	ops = append(ops, &api.KVTxnOp{Verb: api.KVLock, Key: m.key(), Session: s.id, Value: encodeMember(m.Node())})
	_, failed, err := m.c.calls.txn(ctx, ops...)
	if err == nil && failed != nil {
		err = fmt.Errorf("%w: %s", errHeld, failed[0].What)
	}
	if err != nil {
		return errors.Join(err, m.c.calls.destroySession(ctx, s.id))
	}
	m.sessions.publish(s)
	if held != nil {
		return m.c.calls.destroySession(ctx, held.Session) // and the leadership with it
	}
	return nil
}

// lose ends the membership for good.
func (m *consulMember) lose(why error) {
	m.c.log.Error().Err(why).Msg("consul: membership has ended")
	m.end()
	m.lostOnce.Do(func() { close(m.lost) })
}

// end makes keep stop, and says whether it is the first to do so.
func (m *consulMember) end() (first bool) {
	m.c.mu.Lock()
	if m.c.member == m {
		m.c.member = nil
	}
	m.c.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	first, m.left = !m.left, true
	m.stop()
	if s := m.session(); s != nil {
		s.end()
	}
	return first
}

// Leave ends the session, and with it the membership and the leadership, and
// takes the service away.
func (m *consulMember) Leave(ctx context.Context) error {
	if !m.end() {
		return nil
	}
	select {
	case <-m.stopped:
	case <-ctx.Done():
	}
	var err error
	if s := m.session(); s != nil {
		m.drop(s)
		err = m.c.calls.destroySession(ctx, s.id)
	}
	err = errors.Join(err, m.c.calls.deregister(ctx, m.c.keys.serviceID(m.node.ID)))
	if err == nil {
		m.c.log.Info().Str("node", m.node.ID).Msg("consul: left")
	}
	return err
}
