package coordinator

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// term is one time of being the coordinator.
type term struct {
	config     *Config
	leadership registry.Leadership
	members    <-chan []shard.Node
	seen       *witness

	nodes   []shard.Node // the members as last heard
	heard   bool         // of members at all: before that, nobody may lose shards
	current *shard.Map   // as stored, by all we know; nil: ask
	timer   *time.Timer  // runs while a plan is due
	due     time.Time    // when; zero: none is
	failed  int          // attempts in a row
}

// run waits for something to plan, and plans it. nil is the end of ctx or of the
// registry.
func (t *term) run(ctx context.Context) error {
	t.timer = time.NewTimer(t.config.Settle)
	defer t.timer.Stop()
	t.schedule(t.config.Settle)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.leadership.Lost():
			return registry.ErrFenced
		case nodes, ok := <-t.members:
			if !ok {
				return nil
			}
			t.nodes, t.heard = nodes, true
			t.settle()
		case <-t.leadership.Changed():
			t.current = nil
			t.schedule(0)
		case <-t.timer.C:
			t.due = time.Time{}
			if err := t.attempt(ctx); err != nil {
				return err
			}
		}
	}
}

func (t *term) schedule(wait time.Duration) {
	t.timer.Reset(wait)
	t.due = time.Now().Add(wait)
}

// settle schedules a plan unless one is due as soon: members that keep changing
// may not put it off.
func (t *term) settle() {
	if t.due.IsZero() || time.Until(t.due) > t.config.Settle {
		t.schedule(t.config.Settle)
	}
}

// attempt plans, and sees to it that a failure is followed by another attempt.
// An error ends the term.
func (t *term) attempt(ctx context.Context) error {
	err := t.plan(ctx)
	switch {
	case err == nil:
		t.failed = 0
		return nil
	case errors.Is(err, registry.ErrFenced), errors.Is(err, registry.ErrLost):
		return err
	}
	t.current = nil // whatever happened, what is stored may be something else
	wait := backoff(t.failed)
	t.failed++
	t.schedule(wait)
	t.config.Log.Warn().Err(err).Dur("retry", wait).Msg("could not commit a shard map")
	return nil
}

// plan commits the map for the members, unless it is the stored one.
func (t *term) plan(ctx context.Context) error {
	if t.current == nil {
		stored, err := t.leadership.Load(ctx)
		if err != nil {
			return err
		}
		t.current = stored
	}
	if !t.heard {
		return nil
	}
	next := shard.Plan(t.current, t.expected(), shard.EpochBase(t.config.Now()))
	if next == t.current {
		return nil
	}
	if err := t.leadership.Commit(ctx, next); err != nil {
		return err
	}
	t.config.Log.Info().Uint64("version", next.Version()).Int("nodes", next.NumNodes()).
		Int("moves", shard.Moves(t.current, next)).Msg("committed a shard map")
	t.current = next
	return nil
}

// expected are the members, and for a time of grace the owners of shards that may
// be on their way back. When it is over, another plan is due.
func (t *term) expected() []shard.Node {
	missing, wait := t.missing()
	if len(missing) == 0 {
		return t.nodes
	}
	t.config.Log.Info().Int("nodes", len(missing)).Dur("wait", wait).
		Msg("owners of shards are no members; they may be on their way back")
	t.schedule(wait)
	return slices.Concat(t.nodes, missing)
}

// missing are the map's nodes that are no members and may keep their shards, and
// for how long.
func (t *term) missing() (missing []shard.Node, wait time.Duration) {
	moment := t.leadership.Disturbed()
	if t.seen.began.After(moment) {
		moment = t.seen.began
	}
	wait = moment.Add(t.config.Grace).Sub(t.config.Now())
	if wait <= 0 {
		return nil, 0
	}
	for _, n := range t.current.Nodes() {
		if n.State == shard.Live && !t.isMember(n) && !t.seen.since(moment, n) {
			missing = append(missing, n)
		}
	}
	return missing, wait
}

// isMember says whether this run of n, or a later one, is a member. An earlier run
// is only what an old snapshot of the registry remembers.
func (t *term) isMember(n shard.Node) bool {
	return slices.ContainsFunc(t.nodes, func(m shard.Node) bool { return m.ID == n.ID && m.Incarnation >= n.Incarnation })
}
