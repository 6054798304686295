package daemon

import "errors"

var (
	// ErrConfig is the class of every error in the configuration: a key that
	// does not exist, a value that is not allowed, a file that cannot be read.
	// A process that meets it exits with code 2.
	ErrConfig = errors.New("configuration")

	// errRefused is a flag of another program.
	errRefused = errors.New("not here")

	// ErrDrain says that the work in flight at shutdown was not finished in time.
	ErrDrain = errors.New("not drained in time")

	// ErrSecondSignal says that a person asked twice to stop.
	ErrSecondSignal = errors.New("second signal")

	// ErrNotReady is what [Readiness] answers while a process cannot do its job.
	ErrNotReady = errors.New("not ready")
)
