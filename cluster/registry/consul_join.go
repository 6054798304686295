package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/shard"
)

// errHeld is an id that another session holds, or that nobody can lock yet. It is
// tried again.
var errHeld = errors.New("the node's key is held by another session")

// Join makes node a member. One Consul serves one process, so one node.
func (c *Consul) Join(ctx context.Context, node shard.Node) (Membership, error) {
	if err := node.Validate(); err != nil {
		return nil, err
	}
	if _, _, err := splitAddress(node.Address); err != nil {
		return nil, err
	}
	c.startMembers() // a member has to hear of itself
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	m := newConsulMember(c, node)
	if err := m.admit(ctx); err != nil {
		m.undo()
		return nil, err
	}
	c.mu.Lock()
	c.member = m
	c.mu.Unlock()
	if !c.goDo(m.keep) {
		return nil, ErrClosed
	}
	c.log.Info().Str("node", node.ID).Uint64("incarnation", m.Node().Incarnation).Msg("consul: joined")
	return m, nil
}

// admit tries until node is a member, or is refused, or ctx ends.
func (m *consulMember) admit(ctx context.Context) error {
	started := time.Now()
	for failures := 0; ; failures++ {
		err := m.tryAdmit(ctx)
		switch {
		case err == nil:
			return nil
		case m.c.ctx.Err() != nil:
			return ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		case refusal(err):
			return err
		case errors.Is(err, errHeld) && time.Since(started) > m.c.options.Takeover:
			return fmt.Errorf("%w: %w", ErrDuplicate, err)
		}
		m.c.log.Warn().Err(err).Str("node", m.node.ID).Msg("consul: cannot join yet")
		pause(ctx, backoff(failures))
	}
}

// refusal says whether trying again is of no use.
func refusal(err error) bool {
	for _, final := range []error{ErrDuplicate, ErrShardCount, ErrOtherCluster, shard.ErrNode} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}

// tryAdmit is one attempt of a run that has not been a member yet.
func (m *consulMember) tryAdmit(ctx context.Context) error {
	s, err := m.c.readMaps(ctx)
	if err != nil {
		return err
	}
	if err := m.c.admits(s.stored); err != nil {
		return err
	}
	pair, holder, err := m.holder(ctx)
	if err != nil {
		return err
	}
	if pair != nil {
		if err := m.mayReplace(ctx, holder); err != nil {
			return err
		}
	}
	m.number(holder, s.stored, m.c.known())
	if err := m.register(ctx); err != nil {
		return err
	}
	return m.enter(ctx, pair)
}

// admits says whether a process that is set up like this one may have to do with
// a stored map.
func (c *Consul) admits(stored *shard.Map) error {
	if stored == nil {
		return nil
	}
	if want := c.options.Shards; want != 0 && want != stored.Len() {
		return fmt.Errorf("%w: cluster %s has %d, this process is set to %d", ErrShardCount, c.options.Cluster, stored.Len(), want)
	}
	if known := c.known(); known != nil && judge(known, stored) == foreign {
		return fmt.Errorf("%w: Consul has the map of %s, this process knows that of %s%s",
			ErrOtherCluster, stored.ClusterID(), known.ClusterID(), c.copyHint())
	}
	return nil
}

// holder is who holds the node's key; no pair: nobody.
func (m *consulMember) holder(ctx context.Context) (*api.KVPair, shard.Node, error) {
	pair, err := m.c.calls.get(ctx, m.key())
	if err != nil || pair == nil || pair.Session == "" {
		return nil, shard.Node{}, err
	}
	node, err := m.c.keys.decodeMember(pair)
	if err != nil {
		m.c.log.Warn().Err(err).Msg("consul: what holds the node's key makes no sense")
	}
	return pair, node, nil
}

// mayReplace says whether the key may be taken from an earlier run of this node. One
// at the same address is surely gone, since we serve there. One elsewhere may be
// another node that was given the same id by mistake: if it is there, this one is
// refused; if it is not, its session will end.
func (m *consulMember) mayReplace(ctx context.Context, holder shard.Node) error {
	if holder.Address == m.node.Address {
		return nil
	}
	probe, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := m.c.options.Probe(probe, holder.Address); err != nil {
		return fmt.Errorf("%w: node %s was at %s, and is not there any more: %w", errHeld, m.node.ID, holder.Address, err)
	}
	return fmt.Errorf("%w: %s is at %s", ErrDuplicate, m.node.ID, holder.Address)
}

// number gives this run an incarnation above that of every run that is known.
func (m *consulMember) number(holder shard.Node, maps ...*shard.Map) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := max(m.node.Incarnation, uint64(time.Now().UnixMilli()), holder.Incarnation+1)
	for _, table := range maps {
		if table == nil {
			continue
		}
		if i := table.Find(m.node.ID); i >= 0 {
			n = max(n, table.NodeAt(i).Incarnation+1)
		}
	}
	m.node.Incarnation = n
}

// undo takes away what a Join that failed may have left at the agent.
func (m *consulMember) undo() {
	if !m.registered {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), m.c.options.Timeout)
	defer cancel()
	if err := m.c.calls.deregister(ctx, m.c.keys.serviceID(m.node.ID)); err != nil {
		m.c.log.Warn().Err(err).Msg("consul: a join that failed has left its service behind")
	}
}
