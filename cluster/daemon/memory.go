package daemon

import (
	"errors"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/rs/zerolog"
)

// memoryShare is how much of a container's memory Go may plan with; the rest is
// for what its runtime does not count (stacks of the kernel, page tables).
const memoryShare = 0.9

// limitMemory tells Go's collector about the container's memory limit, which
// Go, unlike its processor limit, does not look up by itself: without it a
// collection that comes late is an OOM kill. GOMEMLIMIT wins; no limit, no
// change.
func limitMemory(log zerolog.Logger) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryShare))
	switch {
	case errors.Is(err, memlimit.ErrNoCgroup) || errors.Is(err, memlimit.ErrCgroupsNotSupported):
	case err != nil:
		log.Debug().Err(err).Msg("memory limit of the container is not known")
	case limit < math.MaxInt64:
		log.Debug().Int64("bytes", limit).Msg("memory limit set")
	}
}

// Memory is what the process may use, in bytes: the container's limit, or what the
// machine has. Where neither can be known it is 1 GiB.
func Memory() int64 {
	limit, err := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)()
	if err != nil || limit == 0 || limit > math.MaxInt64 {
		return 1 << 30
	}
	return int64(limit)
}
