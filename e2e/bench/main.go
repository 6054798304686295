package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/memactor/memactor/memactor/load"
)

// errGoals is a benchmark that ran well, with figures that are not good enough.
var errGoals = errors.New("not all goals are reached")

// options are the flags.
type options struct {
	bin        string
	baseline   string
	systems    string
	cells      string
	rounds     int
	seconds    float64
	throughput bool
	memory     bool
	markdown   string
	strict     bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, parseFlags())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseFlags() options {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs gateway and shardnode")
	flag.StringVar(&o.baseline, "baseline", "", "folder of an older gateway and shardnode: measure them too, as the system \"before\"")
	flag.StringVar(&o.systems, "systems", "memactor,twemproxy,memcached", "what to measure")
	flag.StringVar(&o.cells, "cells", "", "only the throughput cell of this name, or those whose name holds this text")
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each system in each cell")
	flag.Float64Var(&o.seconds, "seconds", 3, "length of each turn")
	flag.BoolVar(&o.throughput, "throughput", true, "measure throughput and latency")
	flag.BoolVar(&o.memory, "memory", true, "measure memory")
	flag.StringVar(&o.markdown, "markdown", "", "write the tables to this file as well, as Markdown")
	flag.BoolVar(&o.strict, "strict", false, "exit with 1 if a goal is not reached")
	flag.Parse()
	return o
}

// run measures what was asked for; whatever happens, no server outlives it.
func run(ctx context.Context, o options) error {
	kinds, err := chosenSystems(o)
	if err != nil {
		return err
	}
	if o.rounds < 1 || o.seconds <= 0 {
		return fmt.Errorf("rounds %d and seconds %v must be above 0", o.rounds, o.seconds)
	}
	if err := raiseFileLimit(); err != nil {
		return err
	}
	load.GOMAXPROCS(1)
	r := newReport(ctx, o)
	if o.throughput {
		if err := r.throughput(ctx, o, kinds); err != nil {
			return err
		}
	}
	if o.memory {
		if err := r.memory(ctx, kinds); err != nil {
			return err
		}
	}
	if err := r.save(o.markdown); err != nil {
		return err
	}
	if o.strict && !r.reached {
		return errGoals
	}
	return nil
}

// turn is how long one system is under load at a time.
func (o options) turn() time.Duration { return time.Duration(o.seconds * float64(time.Second)) }
