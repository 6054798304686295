package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Errors of a run that has no result.
var (
	ErrConnect  = errors.New("cannot connect")
	ErrPopulate = errors.New("populating failed")
)

// The filling before the measurement has its own connections: it should be quick whatever the measured load is.
const (
	fillConnections = 4
	fillPipeline    = 64
)

// progressEvery is how often Config.Progress is called.
const progressEvery = 100 * time.Millisecond

// GOMAXPROCS lets each of the event loops keep a processor for itself, and leaves one for the rest of the program. A
// main that does nothing else than Run should call it; without it a run of many threads still ends, and stops for a
// garbage collection may take 50 ms.
func GOMAXPROCS(threads int) {
	runtime.GOMAXPROCS(max(threads+1, runtime.GOMAXPROCS(0)))
}

// Run does what cfg says. Errors on the way (refused commands, wrong replies, broken connections) are counted in the
// Result and are no error of Run: look at Result.Errors. The error is for a run that could not take place.
//
// When ctx ends, the measurement ends early and the result is for the time that it had.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	data := newDataset(cfg.Keys, cfg.Size)
	if cfg.Populate {
		if err := populate(ctx, &cfg, data); err != nil {
			return nil, err
		}
	}
	measured, err := newPhase(&cfg, "measure", cfg.Threads, cfg.Connections, func(counts *tally, i int) *lane {
		return newLane(cfg.Protocol.words(), data, newMix(&cfg, i), counts, cfg.Pipeline, cfg.stride())
	})
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(cfg.Duration)
	if err := measured.run(
		func() bool { return ctx.Err() != nil || time.Now().After(end) },
		func(uint64) float64 { return 1 - float64(time.Until(end))/float64(cfg.Duration) },
	); err != nil {
		return nil, err
	}
	return measured.result(&cfg), nil
}

// populate stores every key once. Anything less than all of them is an error.
func populate(ctx context.Context, cfg *Config, data *dataset) error {
	all := &filling{keys: int64(cfg.Keys)}
	filled, err := newPhase(cfg, "populate", 1, fillConnections, func(counts *tally, _ int) *lane {
		return newLane(cfg.Protocol.words(), data, all, counts, fillPipeline, 1)
	})
	if err != nil {
		return err
	}
	if err := filled.run(
		func() bool { return ctx.Err() != nil },
		func(answers uint64) float64 { return float64(answers) / float64(cfg.Keys) },
	); err != nil {
		return err
	}
	stored := filled.result(cfg)
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrPopulate, context.Cause(ctx))
	}
	if stored.Sets != uint64(cfg.Keys) {
		return fmt.Errorf("%w: %d of %d keys stored; %q", ErrPopulate, stored.Sets, cfg.Keys, stored.Faults)
	}
	return nil
}

// phase is a number of connections, spread over workers, each with a lane of its own.
type phase struct {
	name    string
	workers []*worker
	report  func(Progress)
}

func newPhase(cfg *Config, name string, threads, connections int, lane func(*tally, int) *lane) (*phase, error) {
	p := &phase{name: name, report: cfg.Progress}
	for range min(threads, connections) {
		w, err := newWorker(cfg.Timeout)
		if err != nil {
			p.release()
			return nil, err
		}
		p.workers = append(p.workers, w)
	}
	if err := p.connect(cfg, connections, lane); err != nil {
		p.release()
		return nil, err
	}
	return p, nil
}

// connect opens all connections. One that fails is the end: the others would fail too, each after a timeout.
func (p *phase) connect(cfg *Config, connections int, lane func(*tally, int) *lane) error {
	network, address, err := cfg.endpoint()
	if err != nil {
		return err
	}
	for i := range connections {
		w := p.workers[i%len(p.workers)]
		if err := w.connect(network, address, lane(w.tally, i)); err != nil {
			return fmt.Errorf("%w, %d of %d connections open: %w", ErrConnect, i, connections, err)
		}
	}
	return nil
}

func (p *phase) release() {
	for _, w := range p.workers {
		w.release()
	}
}

// run lets the workers go until they are done, and reports how far they are, as done says.
func (p *phase) run(stop func() bool, done func(answers uint64) float64) error {
	errs := make([]error, len(p.workers))
	var working sync.WaitGroup
	for i, w := range p.workers {
		working.Go(func() { errs[i] = w.run(stop) })
	}
	defer p.reporting(done)()
	working.Wait()
	return errors.Join(errs...)
}

// reporting calls the report function now and then; the returned function ends that, and waits for the end.
func (p *phase) reporting(done func(uint64) float64) (end func()) {
	if p.report == nil {
		return func() {}
	}
	over := make(chan struct{})
	var reporter sync.WaitGroup
	reporter.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-over:
				return
			case <-ticker.C:
				answers := p.answers()
				p.report(Progress{Phase: p.name, Done: min(max(done(answers), 0), 1), Answers: answers})
			}
		}
	})
	return func() { close(over); reporter.Wait() }
}

func (p *phase) answers() uint64 {
	sum := uint64(0)
	for _, w := range p.workers {
		sum += w.answers.Load()
	}
	return sum
}

// result merges what the workers have measured; they must be at their end.
func (p *phase) result(cfg *Config) *Result {
	all := newTally()
	r := &Result{}
	for _, w := range p.workers {
		all.add(w.tally)
		r.OpsPerSecond += w.opsPerSecond
		r.KeysPerSecond += w.keysPerSecond
		r.Seconds = max(r.Seconds, w.elapsed.Seconds())
	}
	r.take(cfg, all)
	return r
}
