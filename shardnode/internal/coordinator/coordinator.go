// Package coordinator makes the shard map. Every shard node runs it; one at a
// time is elected, and that one commits shard.Plan(map, members) whenever the
// members change. The others stand by.
//
// A coordinator keeps no state that its successor would need: it starts from
// the stored map. It can be slow, cut off or wrong about being elected, and do
// no harm, because the registry commits a map only for whoever holds the
// leadership, and only on top of the map that was planned from.
package coordinator

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// Config is what a coordinator works with.
type Config struct {
	// Registry is asked for the members.
	Registry registry.Registry
	// Membership is this node's; the coordinator campaigns with it. Whoever
	// joined leaves it, after Run has returned.
	Membership registry.Membership
	// Log gets a line for each election and each map.
	Log zerolog.Logger
	// Now gives the time that new epochs are made of. nil is time.Now.
	Now func() time.Time
	// Settle is how long the coordinator lets changes of the members gather
	// before it plans, so that nodes which start together do not make shards
	// move once per node. It adds to the time until a dead node's shards have
	// another owner. 0 is DefaultSettle.
	Settle time.Duration
}

// DefaultSettle is far below the time in which a dead node is noticed.
const DefaultSettle = 200 * time.Millisecond

const (
	// retryFirst and retryMost bound the wait after an error; it doubles.
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
	// resignTime bounds how long giving up the leadership may hold up an exit.
	resignTime = 3 * time.Second
)

// Run campaigns, and coordinates when it is elected, until ctx ends. On its way
// out it gives the leadership up, so that another node is elected at once. The
// error is registry.ErrLost, or registry.ErrClosed, if there is nothing more to
// campaign with before ctx ends.
func Run(ctx context.Context, config Config) error {
	config.complete()
	for {
		leadership, err := config.Membership.Campaign(ctx)
		switch {
		case ctx.Err() != nil:
			if leadership != nil {
				config.resign(leadership)
			}
			return nil
		case errors.Is(err, registry.ErrLost), errors.Is(err, registry.ErrClosed):
			return err
		case err != nil:
			config.Log.Warn().Err(err).Msg("cannot campaign")
			pause(ctx, retryMost)
		default:
			config.lead(ctx, leadership)
		}
	}
}

func (c *Config) complete() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Settle == 0 {
		c.Settle = DefaultSettle
	}
}

// lead coordinates until the leadership or ctx ends.
func (c *Config) lead(ctx context.Context, leadership registry.Leadership) {
	c.Log.Info().Msg("elected coordinator")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &term{config: c, leadership: leadership, members: c.Registry.WatchMembers(ctx)}
	err := t.run(ctx)
	c.Log.Info().AnErr("because", err).Msg("no longer coordinator")
	c.resign(leadership)
}

// resign is done even when the process is told to stop: that is when it matters.
func (c *Config) resign(leadership registry.Leadership) {
	ctx, cancel := context.WithTimeout(context.Background(), resignTime)
	defer cancel()
	if err := leadership.Resign(ctx); err != nil {
		c.Log.Warn().Err(err).Msg("could not give up the leadership; it ends with the session")
	}
}

// term is one time of being the coordinator.
type term struct {
	config     *Config
	leadership registry.Leadership
	members    <-chan []shard.Node

	nodes   []shard.Node // the members as last heard
	heard   bool         // of members at all: before that, nobody may lose shards
	current *shard.Map   // as stored, by all we know; nil: ask
	timer   *time.Timer  // runs while a plan is due
	due     bool
	failed  int // attempts in a row
}

// run waits for something to plan, and plans it. nil is the end of ctx or of the
// registry.
func (t *term) run(ctx context.Context) error {
	t.timer, t.due = time.NewTimer(t.config.Settle), true
	defer t.timer.Stop()
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
			t.due = false
			if err := t.attempt(ctx); err != nil {
				return err
			}
		}
	}
}

func (t *term) schedule(wait time.Duration) {
	t.timer.Reset(wait)
	t.due = true
}

// settle schedules a plan unless one is due: members that keep changing may not
// put it off.
func (t *term) settle() {
	if !t.due {
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
	next := shard.Plan(t.current, t.nodes, shard.EpochBase(t.config.Now()))
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

// backoff is the wait after a number of failures: it doubles, and is drawn from
// its upper half so that coordinators in trouble do not go in step.
func backoff(failed int) time.Duration {
	wait := min(retryFirst<<min(failed, 10), retryMost)
	return wait/2 + rand.N(wait/2)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
