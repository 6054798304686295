package daemon

import (
	"bytes"
	"runtime/debug"
	"testing"

	"github.com/rs/zerolog"
)

// Whatever the machine is, limitMemory says nothing above debug, and GOMEMLIMIT
// wins.
func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	var out bytes.Buffer
	log := zerolog.New(&out).Level(zerolog.InfoLevel)
	limitMemory(log)
	if out.Len() > 0 {
		t.Errorf("logged %s", out.String())
	}

	debug.SetMemoryLimit(123 << 20)
	t.Setenv("GOMEMLIMIT", "123MiB")
	limitMemory(log)
	if got := debug.SetMemoryLimit(-1); got != 123<<20 {
		t.Errorf("limit %d", got)
	}
}

func TestLimitMemoryReportsABadSetting(t *testing.T) {
	t.Setenv("AUTOMEMLIMIT", "lots")
	var out bytes.Buffer
	limitMemory(zerolog.New(&out))
	mustContain(t, out.String(), "memory limit of the container is not known", "AUTOMEMLIMIT")
}
