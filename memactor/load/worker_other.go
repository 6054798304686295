//go:build !linux

package load

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// worker exists only on Linux: it drives its connections with epoll. Elsewhere a run says so and ends.
type worker struct{ gauge }

func newWorker(time.Duration) (*worker, error) {
	return nil, fmt.Errorf("the load generator on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func (w *worker) connect(string, string, *lane) error { return errors.ErrUnsupported }
func (w *worker) run(func() bool) error               { return errors.ErrUnsupported }
func (w *worker) release()                            {}
