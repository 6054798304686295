package daemon

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Readiness gathers what the parts of a process say about themselves: the
// process is ready when all of them are. It starts as not ready, so that a
// process says no until its first part has reported. Safe for concurrent use.
type Readiness struct {
	mu     sync.Mutex
	checks []namedCheck
	ending bool
}

type namedCheck struct {
	name  string
	check func() error
}

// Add adds a part. The check is called for every look at /readyz: it must be
// quick and must not wait; nil is ready.
func (r *Readiness) Add(name string, check func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks = append(r.checks, namedCheck{name, check})
}

// End makes the process not ready for good: it is going to stop.
func (r *Readiness) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ending = true
}

// Err is nil when the process can do its job, otherwise an [ErrNotReady] that
// says why not.
func (r *Readiness) Err() error {
	checks, ending := r.snapshot()
	if ending {
		return fmt.Errorf("%w: stopping", ErrNotReady)
	}
	if len(checks) == 0 {
		return fmt.Errorf("%w: starting", ErrNotReady)
	}
	var errs []error
	for _, c := range checks {
		if err := c.check(); err != nil {
			errs = append(errs, fmt.Errorf("%w: %s: %w", ErrNotReady, c.name, err))
		}
	}
	return errors.Join(errs...)
}

// snapshot lets the checks run without the lock: a check may well take locks of
// its own.
func (r *Readiness) snapshot() ([]namedCheck, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.checks), r.ending
}
