package daemon

import (
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
)

// Runtime are the settings of Go's runtime for processes whose commands are much
// shorter than a wake-up of an idle processor; embed it in the config struct. The
// measurements are in docs/adr/0005-go-runtime.md.
type Runtime struct {
	// Threads is how many processors the process uses at once. Two processes that
	// talk to each other share a machine with their clients more often than not;
	// a second running thread that waits for the first costs more than it brings.
	// 0 is half of what the machine or the container has, or GOMAXPROCS if that
	// is set.
	Threads int `name:"threads" usage:"processors to use at once (0: half of them, at least 1)" range:"0..1024"`
}

// runtimeSettings finds the embedded Runtime of a config struct.
func (r *Runtime) runtimeSettings() *Runtime { return r }

// tune applies the settings; it does not return if it starts the process anew.
func (r *Runtime) tune(log zerolog.Logger) {
	if err := stayAwake(); err != nil {
		log.Warn().Err(err).Msg("runtime settings not applied")
	}
	switch {
	case r.Threads > 0:
		runtime.GOMAXPROCS(r.Threads)
	case os.Getenv("GOMAXPROCS") == "":
		runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0)/2, 1))
	}
}

const (
	debugVariable = "GODEBUG"
	// awakeSetting asks for a scheduler trace every 2e9 ms, which is never. Its side
	// effect is meant: with a trace to print, the runtime's monitor thread does not
	// go into a deep sleep whenever all processors are idle, from which each next
	// command would have to wake it. It is read only when the runtime starts.
	awakeSetting = "schedtrace=2000000000"
)

// stayAwake executes the process's program again, with the setting in its
// environment, unless it is there. Process id, arguments and open files stay.
func stayAwake() error {
	setting, needed := awake(os.Getenv(debugVariable))
	if !needed {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Setenv(debugVariable, setting); err != nil {
		return err
	}
	return syscall.Exec(program, os.Args, os.Environ()) //nolint:gosec // the program that is running
}

// awake adds the setting to those of GODEBUG; needed is false if GODEBUG has one.
func awake(debug string) (setting string, needed bool) {
	if strings.Contains(debug, "schedtrace=") {
		return debug, false
	}
	if debug == "" {
		return awakeSetting, true
	}
	return debug + "," + awakeSetting, true
}
