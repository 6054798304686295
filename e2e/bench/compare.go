package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/memactor/memactor/memactor/load"
)

// errReplies is a system that did not answer every command as it should: its speed means nothing.
var errReplies = errors.New("wrong or missing replies")

// comparison is one cell with the samples of every system, by name.
type comparison struct {
	cell    cell
	systems []string
	of      map[string]samples
}

// compare runs every cell on every system that it takes, for so many rounds. each is called when a cell is done.
func compare(ctx context.Context, o options, all []*system, each func(comparison)) error {
	for _, s := range all {
		if err := populate(ctx, s, keys); err != nil {
			return err
		}
	}
	for _, c := range chosenCells(o.cells) {
		result, err := compareIn(ctx, c, o, all)
		if err != nil {
			return err
		}
		each(result)
	}
	return nil
}

// compareIn runs one cell.
func compareIn(ctx context.Context, c cell, o options, all []*system) (comparison, error) {
	result := comparison{cell: c, of: make(map[string]samples)}
	var taken []*system
	for _, s := range all {
		if c.takes(s) {
			taken, result.systems = append(taken, s), append(result.systems, s.name)
		}
	}
	for round := range o.rounds {
		for i := range taken {
			s := taken[(i+round)%len(taken)] // another one begins in each round
			one, err := measure(ctx, c, s, o.turn(), uint64(round))
			if err != nil {
				return result, fmt.Errorf("%s in cell %s: %w", s.name, c.name, err)
			}
			result.of[s.name] = append(result.of[s.name], one)
		}
	}
	return result, nil
}

// measure is one turn.
func measure(ctx context.Context, c cell, s *system, duration time.Duration, seed uint64) (sample, error) {
	if s.burden != nil {
		end, err := s.burden(ctx, s)
		if err != nil {
			return sample{}, err
		}
		defer end()
	}
	serverBefore, err := s.cpu()
	if err != nil {
		return sample{}, err
	}
	clientBefore := ownCPU()
	result, err := load.Run(ctx, c.load(s.address, duration, seed+1))
	if err != nil {
		return sample{}, err
	}
	clientCPU := ownCPU() - clientBefore
	serverAfter, err := s.cpu()
	if err != nil {
		return sample{}, err
	}
	if err := good(ctx, result); err != nil {
		return sample{}, err
	}
	return newSample(c, result, (serverAfter - serverBefore).Seconds(), clientCPU.Seconds()), nil
}

// good refuses a result that was cut short, has errors, or missed keys that were stored.
func good(ctx context.Context, r *load.Result) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case r.Errors.Sum() > 0:
		return fmt.Errorf("%w: %+v %q", errReplies, r.Errors, r.Faults)
	case r.Misses > 0:
		return fmt.Errorf("%w: %d of %d keys are gone", errReplies, r.Misses, r.Hits+r.Misses)
	default:
		return nil
	}
}

// populate stores n keys. The short load behind it warms the server up.
func populate(ctx context.Context, s *system, n int) error {
	cfg := allCells()[0].load(s.address, 500*time.Millisecond, 1)
	cfg.Keys = n
	cfg.Populate = true
	result, err := load.Run(ctx, cfg)
	if err == nil {
		err = good(ctx, result)
	}
	if err != nil {
		return fmt.Errorf("populating %s: %w", s.name, err)
	}
	return nil
}

// ownCPU is what this process, the generator, has used so far.
func ownCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fmt.Fprintln(os.Stderr, "bench: getrusage:", err)
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
