package consistency

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// ErrViolation is something that no failure excuses.
var ErrViolation = errors.New("consistency: violated")

// Load describes clients that work on some keys.
type Load struct {
	// Addresses are the servers; clients are spread over them. If one breaks a
	// client's connection, the client connects again.
	Addresses []string
	// Keys are what the clients work on, all of them on all.
	Keys []string
	// Clients is how many there are; 0 is 6.
	Clients int
	// Pipeline is the most commands that a client sends at once; 0 is 8.
	Pipeline int
	// Pause is how long a client rests between two batches, so that a history stays
	// short enough to be checked; 0 is 4 ms.
	Pause time.Duration
	// Size is the least size of a value in bytes.
	Size int
	// Patience is how long a client waits for a reply. That none comes is a
	// violation: every command is answered within its deadline, if only by an
	// error. 0 is harness.ConnTimeout, which is longer than the deadlines.
	Patience time.Duration
	// Seed begins the clients' choices.
	Seed uint64
}

// Running is a load under way.
type Running struct {
	began   time.Time
	stop    atomic.Bool
	group   sync.WaitGroup
	clients []*client
}

// Start begins a load. It has to be stopped.
func (l Load) Start() *Running {
	l = l.withDefaults()
	r := &Running{began: time.Now()}
	for i := range l.Clients {
		c := newClient(l, i, r.began)
		r.clients = append(r.clients, c)
		r.group.Go(func() { c.work(&r.stop) })
	}
	return r
}

// Stop ends the load, waits until its last commands are answered, and returns its
// history. A reply that does not fit its command ends the client that got it, and
// is the history's violation.
func (r *Running) Stop() *History {
	r.stop.Store(true)
	r.group.Wait()
	h := &History{}
	for _, c := range r.clients {
		h.Operations = append(h.Operations, c.done...)
		h.Broken += c.broken
		if h.Violation == nil {
			h.Violation = c.violation
		}
	}
	return h
}

// Now is the time on the history's clock.
func (r *Running) Now() time.Duration { return time.Since(r.began) }

func (l Load) withDefaults() Load {
	if l.Clients == 0 {
		l.Clients = 6
	}
	if l.Pipeline == 0 {
		l.Pipeline = 8
	}
	if l.Pause == 0 {
		l.Pause = 4 * time.Millisecond
	}
	if l.Patience == 0 {
		l.Patience = harness.ConnTimeout
	}
	return l
}
