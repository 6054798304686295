package coordinator

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// history is every map that was committed, in order, and what is wrong with it.
type history struct {
	mu     sync.Mutex
	oldest *shard.Map
	last   *shard.Map
	owners map[served]owner
	wrong  error
}

type served struct {
	shard shard.ID
	epoch uint64
}

type owner struct {
	id          string
	incarnation uint64
}

// add takes the next map down. Versions go up by one, and one epoch of one shard
// never has two owners, over all of history.
func (h *history) add(m *shard.Map) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owners == nil {
		h.owners = map[served]owner{}
	}
	if h.last != nil && m.Version() != h.last.Version()+1 {
		h.wrong = errors.Join(h.wrong, fmt.Errorf("version %d after %d", m.Version(), h.last.Version()))
	}
	if h.last == nil {
		h.oldest = m
	}
	h.last = m
	for id := range shard.ID(m.Len()) {
		node, ok := m.Owner(id)
		if !ok {
			continue
		}
		at, is := served{id, m.Epoch(id)}, owner{node.ID, node.Incarnation}
		if was, ok := h.owners[at]; ok && was != is {
			h.wrong = errors.Join(h.wrong, fmt.Errorf("shard %d under epoch %d: %v and %v", id, at.epoch, was, is))
		}
		h.owners[at] = is
	}
}

// first is the first map ever; nil before it.
func (h *history) first() *shard.Map {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.oldest
}

func (h *history) check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wrong
}

// recorded is a membership whose leaderships take down what they commit.
type recorded struct {
	registry.Membership
	history *history
}

func (r recorded) Campaign(ctx context.Context) (registry.Leadership, error) {
	l, err := r.Membership.Campaign(ctx)
	if err != nil {
		return nil, err
	}
	return recording{l, r.history}, nil
}

type recording struct {
	registry.Leadership
	history *history
}

func (r recording) Commit(ctx context.Context, next *shard.Map) error {
	err := r.Leadership.Commit(ctx, next)
	if err == nil {
		r.history.add(next)
	}
	return err
}

// unfenced is a planted bug: a coordinator that is never told that it is not
// the coordinator any more, and whose commit is a plain write.
type unfenced struct {
	registry.Membership
	memory  *registry.Memory
	history *history
}

func (u unfenced) Campaign(ctx context.Context) (registry.Leadership, error) {
	l, err := u.Membership.Campaign(ctx)
	if err != nil {
		return nil, err
	}
	return &unfencedLeadership{Leadership: l, unfenced: u}, nil
}

type unfencedLeadership struct {
	registry.Leadership
	unfenced
	base *shard.Map
}

func (u *unfencedLeadership) Lost() <-chan struct{} { return nil }

func (u *unfencedLeadership) Load(ctx context.Context) (*shard.Map, error) {
	m, err := u.Leadership.Load(ctx)
	if errors.Is(err, registry.ErrFenced) {
		return u.base, nil
	}
	if err == nil {
		u.base = m
	}
	return m, err
}

func (u *unfencedLeadership) Commit(ctx context.Context, next *shard.Map) error {
	err := u.Leadership.Commit(ctx, next)
	if errors.Is(err, registry.ErrFenced) {
		u.memory.Restore(next)
		err = nil
	}
	if err == nil {
		u.base = next
		u.history.add(next)
	}
	return err
}
