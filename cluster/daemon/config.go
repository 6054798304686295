package daemon

import (
	"errors"
	"fmt"
	"time"
)

// Config is a config struct: a pointer to a struct whose fields carry the tags
// that [Check] describes. One struct drives flags, environment and file.
type Config interface {
	// Validate checks what the tags cannot say. It is called after the tags were
	// checked, and again by a Run that is called without a command line.
	Validate() error
}

// Common are the settings of every process that serves; embed it in the config
// struct. The admin port, the logger and the drain limit follow from it.
type Common struct {
	// Admin is where /readyz, /healthz, /metrics and /debug/pprof are served. No
	// address, no admin port. Anyone who reaches it can read profiles: keep it
	// on loopback or in a trusted network.
	Admin string `name:"admin" usage:"serve /readyz /healthz /metrics /debug/pprof on HOST:PORT (empty: off)" kind:"address port0"`

	// LogLevel is the least level that is logged. Nothing is logged per command
	// above debug.
	LogLevel string `name:"log-level" usage:"least level to log" allowed:"trace debug info warn error"`

	// LogFormat auto is console on a terminal, JSON otherwise.
	LogFormat string `name:"log-format" usage:"form of the log on standard error" allowed:"auto console json"`

	// Verbose is memcached's -v: once for debug, twice for trace.
	Verbose int `name:"verbose" short:"v" usage:"log more: -v debug, -vv trace" kind:"count" range:"0.."`

	// DrainTimeout bounds the end: work in flight that is not finished this long
	// after SIGTERM is cut off and the process exits with code 1. Keep it below
	// the grace period of whatever stops the process (Kubernetes, Docker: 30 s, 10 s).
	DrainTimeout time.Duration `name:"drain-timeout" usage:"longest time to finish the work in flight after SIGTERM"`
}

// DefaultCommon has the admin port off.
func DefaultCommon() Common {
	return Common{LogLevel: "info", LogFormat: "auto", DrainTimeout: 8 * time.Second}
}

// common finds the embedded Common of a config struct.
func (c *Common) common() *Common { return c }

// Check holds every field of a config struct against its tags and returns all
// mistakes at once, each naming the setting, its value and what is allowed. A
// Validate starts with it, so that a struct filled by hand is held to the same
// rules as one from a command line.
func Check(config any) error {
	var errs []error
	for _, f := range fieldsOf(config) {
		if err := f.check(); err != nil {
			errs = append(errs, fmt.Errorf("%w: %s %q: %w", ErrConfig, f.name, f.String(), err))
		}
	}
	return errors.Join(errs...)
}
