package load

import (
	"errors"
	"sync/atomic"
	"time"
)

// checkEvery is how often a worker looks at what is not driven by events: how late it notices the end of the run, a
// cancelled context, or a silent connection.
const checkEvery = 50 * time.Millisecond

// errSilent is a connection whose oldest command was not answered in time.
var errSilent = errors.New("no reply")

// gauge is what a worker measures with: its clock, its counts, and the rate that it had when the run ended.
type gauge struct {
	*tally
	timeout time.Duration
	started time.Time

	// answers is for the eyes of other goroutines, while the worker runs.
	answers atomic.Uint64

	// Set by finish.
	finished      bool
	elapsed       time.Duration
	opsPerSecond  float64
	keysPerSecond float64
}

func newGauge(timeout time.Duration) gauge {
	return gauge{tally: newTally(), timeout: timeout}
}

func (g *gauge) start() { g.started = time.Now() }

// now is the worker's clock, in nanoseconds since its start.
func (g *gauge) now() int64 { return int64(time.Since(g.started)) }

func (g *gauge) publish() { g.answers.Store(g.sets + g.gets) }

// finish takes the rates at the first call: what is answered later was awaited, not measured, and may have had to wait for
// a timeout.
func (g *gauge) finish() {
	if g.finished {
		return
	}
	g.finished = true
	g.elapsed = time.Since(g.started)
	g.opsPerSecond = float64(g.sets+g.gets) / g.elapsed.Seconds()
	g.keysPerSecond = float64(g.sets+g.hits+g.misses) / g.elapsed.Seconds()
}
