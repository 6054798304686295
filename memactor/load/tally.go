package load

import (
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of the latency histogram: what is outside is counted at the bound.
const (
	minLatency = 100 * time.Nanosecond
	maxLatency = time.Minute
)

// maxFaults is how many error messages are kept; the counts go on.
const maxFaults = 8

// tally counts what happened. Each worker has its own, so that counting needs no lock; they are merged at the end.
type tally struct {
	sets, gets   uint64 // commands answered as they should be
	hits, misses uint64 // keys of those gets
	refused      uint64 // commands answered by an error line
	wrong        uint64 // replies that are not the answer to the command that was waiting
	broken       uint64 // connections that were closed, or answered nothing in time
	unanswered   uint64 // commands in flight on a connection when it broke

	faults  []string // the first maxFaults messages
	latency *hdrhistogram.Histogram

	// A batch of replies to commands of one write has one latency: it is recorded once, with its count.
	runLatency int64
	runLength  int64
}

func newTally() *tally {
	return &tally{latency: hdrhistogram.New(int64(minLatency), int64(maxLatency), 3)}
}

// answered records the time that one command took, in nanoseconds.
func (t *tally) answered(nanoseconds int64) {
	if nanoseconds != t.runLatency {
		t.flush()
		t.runLatency = nanoseconds
	}
	t.runLength++
}

// flush moves the run of equal latencies to the histogram.
func (t *tally) flush() {
	if t.runLength == 0 {
		return
	}
	clamped := min(max(t.runLatency, int64(minLatency)), int64(maxLatency))
	_ = t.latency.RecordValues(clamped, t.runLength) // cannot fail inside the bounds
	t.runLength = 0
}

// faultf keeps the message of an error that the caller has counted, unless the same has been said already.
func (t *tally) faultf(format string, args ...any) {
	if len(t.faults) >= maxFaults {
		return
	}
	if message := fmt.Sprintf(format, args...); !slices.Contains(t.faults, message) {
		t.faults = append(t.faults, message)
	}
}

// add merges other into t.
func (t *tally) add(other *tally) {
	other.flush()
	t.sets += other.sets
	t.gets += other.gets
	t.hits += other.hits
	t.misses += other.misses
	t.refused += other.refused
	t.wrong += other.wrong
	t.broken += other.broken
	t.unanswered += other.unanswered
	t.latency.Merge(other.latency)
	for _, message := range other.faults {
		t.faultf("%s", message)
	}
}
