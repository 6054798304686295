package daemon

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/rs/zerolog"
)

// Reloads gathers what the parts of a process read again when they are told to,
// by SIGHUP or by a command: certificates, passwords. Safe for concurrent use.
type Reloads struct {
	mu    sync.Mutex
	parts []namedReload
}

type namedReload struct {
	name   string
	reload func() error
}

// Add adds a part. reload reads its files again; if that fails it keeps what it
// had and says why. It is called by one goroutine at a time.
func (r *Reloads) Add(name string, reload func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = append(r.parts, namedReload{name, reload})
}

// Run reloads every part, those behind a failed one too, and returns all errors.
func (r *Reloads) Run() error {
	var errs []error
	for _, part := range r.snapshot() {
		if err := part.reload(); err != nil {
			errs = append(errs, fmt.Errorf("reload: %s: %w", part.name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Reloads) snapshot() []namedReload {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.parts)
}

// onHangup runs the reloads at each SIGHUP until stop is called. SIGHUP has a
// channel of its own, so that many of them do not crowd out an order to stop.
func (r *Reloads) onHangup(log zerolog.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			r.report(log, r.Run())
		}
	}()
	return func() { signal.Stop(hangups); close(hangups) }
}

func (r *Reloads) report(log zerolog.Logger, err error) {
	if err != nil {
		log.Error().Err(err).Msg("not all was reloaded: what failed goes on as before")
		return
	}
	log.Info().Int("parts", len(r.snapshot())).Msg("reloaded")
}
