package registry

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/rs/zerolog"
)

// errFiltered is an answer from which ACLs have taken something out: an empty
// list of this kind says nothing about what is stored.
var errFiltered = errors.New("the token may not read this")

// question is a call that waits at Consul for news.
type question func(*api.QueryOptions) (*api.QueryMeta, error)

// follow asks a question again and again until ctx ends or handle, which is
// called after each answer, returns false. Its rules are Consul's:
//
//   - an index that goes backwards (a restored or new Consul) starts anew at 0;
//   - index 0 is never sent after an answer, or Consul would not wait;
//   - after an error the index starts anew too, because a Consul that came back
//     empty would wait for its own index to reach the old one;
//   - so it does after an answer that has no news and did not wait for them: what
//     Consul was waiting on was replaced by a snapshot;
//   - errors are followed by a growing pause.
func (c *Consul) follow(ctx context.Context, what string, ask question, handle func() (again bool)) {
	index, failures := uint64(0), 0
	var lost time.Time
	for ctx.Err() == nil {
		started := time.Now()
		got, err := c.await(ctx, index, ask)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.complain(what, failures, err)
			if failures == 0 {
				lost = time.Now()
			}
			index = 0
			pause(ctx, backoff(failures))
			failures++
			continue
		case failures > 0:
			c.log.Info().Msgf("consul: %s: back", what)
			c.back(lost)
			failures = 0
		}
		if !handle() {
			return
		}
		index = nextIndex(index, got, time.Since(started) < c.options.Wait)
		pause(ctx, shortest-time.Since(started))
	}
}

// shortest is how long one round of follow takes at least: whatever happens at
// Consul, that is 50 calls a second.
const shortest = 20 * time.Millisecond

// An agent that starts takes every check for critical until it has made it, and
// Consul ends the sessions that hang on it: members that were there when Consul came
// back go once more, and come again. flapping is how long that may take; an agent
// that was away for less than restarting did not start.
const (
	restarting = time.Second
	flapping   = 5 * time.Second
)

// back notes that Consul can be reached again, which it could not since lost.
func (c *Consul) back(lost time.Time) {
	if time.Since(lost) < restarting {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flapped = time.Now().Add(flapping)
}

// complain logs the first of a row of failures, and then one in a while.
func (c *Consul) complain(what string, failures int, err error) {
	level := zerolog.DebugLevel
	if failures%60 == 0 {
		level = zerolog.WarnLevel
	}
	c.log.WithLevel(level).Err(err).Msgf("consul: cannot follow %s; going on with what is known", what)
}

// await makes one call that waits for news behind index, and returns the new
// index.
func (c *Consul) await(ctx context.Context, index uint64, ask question) (uint64, error) {
	limit := c.options.Timeout
	if index > 0 { // Consul adds up to a sixteenth to the wait
		limit += c.options.Wait + c.options.Wait/16
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	meta, err := ask((&api.QueryOptions{
		WaitIndex: index, WaitTime: c.options.Wait, Token: c.calls.token(),
	}).WithContext(ctx))
	switch {
	case err != nil:
		return 0, err
	case meta.ResultsFilteredByACLs:
		return 0, errFiltered
	}
	return meta.LastIndex, nil
}

// nextIndex is what to wait behind after an answer, which came early if it came
// before it was due without news.
func nextIndex(sent, got uint64, early bool) uint64 {
	switch {
	case got < sent, got == sent && early && sent > 0:
		return 0
	case got == 0:
		return 1
	}
	return got
}
