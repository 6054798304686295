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
	// Grace is how long owners of shards that are no members may keep them, where
	// there is reason to think that they live and the registry has forgotten them:
	// after it lost this node or the map too, or as long as this process has seen
	// nothing of them because it is new itself. Whoever was seen as a member
	// since then, and is none any more, has left or died, and is not waited for. 0
	// is DefaultGrace.
	Grace time.Duration
}

const (
	// DefaultSettle is far below the time in which a dead node is noticed.
	DefaultSettle = 200 * time.Millisecond
	// DefaultGrace is some times what a node needs to notice that the registry is
	// back, and to join again.
	DefaultGrace = 10 * time.Second
)

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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seen := newWitness(config.Now)
	go seen.watch(config.Registry.WatchMembers(ctx))
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
			config.lead(ctx, leadership, seen)
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
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
}

// lead coordinates until the leadership or ctx ends.
func (c *Config) lead(ctx context.Context, leadership registry.Leadership, seen *witness) {
	c.Log.Info().Msg("elected coordinator")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &term{config: c, leadership: leadership, members: c.Registry.WatchMembers(ctx), seen: seen}
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
