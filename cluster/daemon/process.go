package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"
)

// Process is what a running process hands to its parts.
type Process struct {
	// Name is the command's name, or that of a part (see Part).
	Name string
	// Args are the positional arguments, for commands that take some.
	Args []string
	// Log is the logger; each line carries the part's label.
	Log zerolog.Logger
	// Metrics is where a part registers its collectors; each gets the part's label.
	Metrics prometheus.Registerer
	// Ready is where a part adds its check.
	Ready *Readiness
	// Reloads is where a part adds what SIGHUP makes it read again.
	Reloads *Reloads

	gatherer prometheus.Gatherer
}

// newProcess has a registry of its own with Go's and the system's collectors.
func newProcess(name string, log zerolog.Logger, args []string) Process {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "memactor_build_info", Help: "Always 1; the labels say which build this is.",
		ConstLabels: prometheus.Labels{"process": name, "version": Version()},
	})
	build.Set(1)
	registry.MustRegister(build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return Process{Name: name, Args: args, Log: log, Metrics: registry, Ready: &Readiness{}, Reloads: &Reloads{}, gatherer: registry}
}

// NewTestProcess is a process without command line, signals or admin port: for
// tests, and for programs that embed a part.
func NewTestProcess(name string, log zerolog.Logger) Process {
	return newProcess(name, log, nil)
}

// Part is the process as one of several equal parts sees it: its log lines and
// metrics carry label=value, so that three nodes in one process stay apart.
// Prometheus wants the same label names wherever one metric is registered: give
// all equal parts of a process the same label.
func (p Process) Part(label, value string) Process {
	p.Name = value
	p.Log = p.Log.With().Str(label, value).Logger()
	p.Metrics = prometheus.WrapRegistererWith(prometheus.Labels{label: value}, p.Metrics)
	return p
}

// Gatherer reads all metrics of the process.
func (p Process) Gatherer() prometheus.Gatherer { return p.gatherer }

// live is the life of a process, see the package comment. The actors of the
// group are interrupted in the order in which they are added here: the work
// first; the admin port stays to say "stopping" until the work has ended.
func live(ctx context.Context, p Process, c Common, signals <-chan os.Signal, work func(context.Context, Process) error) error {
	admin, err := newAdmin(c.Admin, p)
	if err != nil {
		return err
	}
	parent := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group run.Group
	drain := newDrain(c.DrainTimeout, signals)
	group.Add(
		func() error { return drain.run(func() error { return work(ctx, p) }) },
		func(error) { p.Ready.End(); cancel(); drain.begin() })
	group.Add(
		func() error { return awaitSignal(ctx, p.Log, signals) },
		func(error) { cancel() })
	group.Add(
		admin.serve,
		func(error) { <-drain.done; admin.close() })
	cause := group.Run()
	return outcome(cause, drain, parent.Err() != nil)
}

// errStopped says that the end was asked for: no failure.
var errStopped = errors.New("stopped")

// outcome is how a process ended: what ended it, or, where it was told to stop,
// what went wrong while it drained. The echo of the cancelled context is
// neither, if there was reason to cancel.
func outcome(cause error, d *drain, told bool) error {
	if errors.Is(cause, errStopped) {
		cause, told = d.err, true
	}
	if told && errors.Is(cause, context.Canceled) {
		return nil
	}
	return cause
}

// awaitSignal returns at the first signal, or when something else ends ctx.
func awaitSignal(ctx context.Context, log zerolog.Logger, signals <-chan os.Signal) error {
	select {
	case s := <-signals:
		log.Info().Stringer("signal", s).Msg("stopping")
		return errStopped
	case <-ctx.Done():
		return errStopped
	}
}

// A drain bounds the time between the order to stop and the end of the work.
type drain struct {
	limit   time.Duration
	signals <-chan os.Signal
	started chan struct{}
	done    chan struct{}
	err     error // how the work ended; read it after done
}

func newDrain(limit time.Duration, signals <-chan os.Signal) *drain {
	return &drain{limit: limit, signals: signals, started: make(chan struct{}), done: make(chan struct{})}
}

// begin starts the clock; called once.
func (d *drain) begin() { close(d.started) }

// run waits for work, but from begin on no longer than the limit, and not
// beyond a second signal. Work that is given up on goes on in the background;
// the process is about to exit.
func (d *drain) run(work func() error) error {
	defer close(d.done)
	result := make(chan error, 1)
	go func() { result <- work() }()
	select {
	case d.err = <-result:
	case <-d.started:
		d.err = d.await(result)
	}
	return d.err
}

func (d *drain) await(result <-chan error) error {
	timer := time.NewTimer(d.limit)
	defer timer.Stop()
	select {
	case err := <-result:
		return err
	case <-timer.C:
		return fmt.Errorf("%w: %s", ErrDrain, d.limit)
	case s := <-d.signals:
		return fmt.Errorf("%w: %s", ErrSecondSignal, s)
	}
}
