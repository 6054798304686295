package registry

import (
	"context"
	"time"

	"github.com/hashicorp/consul/api"
)

// contestPause is the wait between attempts to lock a key that looks free: it is
// within its lock-delay, or somebody else was faster and we have not seen it yet.
const contestPause = 100 * time.Millisecond

// Campaign locks the coordinator's key with the member's session, as soon as it
// can.
func (m *consulMember) Campaign(ctx context.Context) (Leadership, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(m.c.ctx, cancel)()
	for {
		session, err := m.awaitSession(ctx)
		if err != nil {
			return nil, err
		}
		won, err := m.acquire(ctx, session)
		if won {
			return m.c.lead(m, session)
		}
		if err != nil && ctx.Err() == nil {
			m.c.log.Warn().Err(err).Msg("consul: cannot campaign")
		}
		pause(ctx, contestPause)
		m.awaitVacancy(ctx, session)
	}
}

// awaitSession waits until the member has a session.
func (m *consulMember) awaitSession(ctx context.Context) (*consulSession, error) {
	for {
		now := m.sessions.look()
		switch {
		case m.c.ctx.Err() != nil:
			return nil, ErrClosed
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case m.over():
			return nil, ErrLost
		case now.value != nil:
			return now.value, nil
		}
		select {
		case <-now.changed:
		case <-m.lost:
		case <-ctx.Done():
		}
	}
}

// over says whether the membership has ended.
func (m *consulMember) over() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left
}

// acquire tries to lock the coordinator's key, if the session still makes us a
// member.
func (m *consulMember) acquire(ctx context.Context, s *consulSession) (bool, error) {
	_, failed, err := m.c.calls.txn(ctx,
		&api.KVTxnOp{Verb: api.KVCheckSession, Key: m.key(), Session: s.id},
		&api.KVTxnOp{Verb: api.KVLock, Key: m.c.keys.coordinator, Session: s.id, Value: []byte(m.node.ID)},
	)
	if err != nil {
		return false, err
	}
	if len(failed) > 0 && failed[0].OpIndex == 0 {
		signal(m.poked)
	}
	return len(failed) == 0, nil
}

// awaitVacancy waits until nobody holds the coordinator's key, or the session has
// ended.
func (m *consulMember) awaitVacancy(ctx context.Context, s *consulSession) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ended, cancel)()
	m.c.followCoordinator(ctx, func(holder string) bool { return holder != "" })
}

// followCoordinator calls again with the session that holds the coordinator's key,
// "" for none, until it returns false or ctx ends.
func (c *Consul) followCoordinator(ctx context.Context, again func(session string) bool) {
	var pair *api.KVPair
	ask := func(q *api.QueryOptions) (meta *api.QueryMeta, err error) {
		pair, meta, err = c.calls.client.KV().Get(c.keys.coordinator, q)
		return meta, err
	}
	c.follow(ctx, "the coordinator", ask, func() bool {
		if pair == nil {
			return again("")
		}
		return again(pair.Session)
	})
}
