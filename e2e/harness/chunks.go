package harness

import (
	"math/rand/v2"
	"syscall"
	"time"
)

// Chunks chooses how a text is cut into writes. Servers must answer the same
// whatever the cuts are.
type Chunks struct {
	// next returns the size of the next write when left bytes are left, 1..left.
	next func(left int) int
	// pause is how long to wait between two writes, so that the server reads
	// them apart. It is left out in long texts, which would take too long.
	pause time.Duration
}

// pausedBytes is how long a text may be that is sent with pauses.
const pausedBytes = 300

func (c Chunks) wait(left int) {
	if c.pause > 0 && left > 0 && left < pausedBytes {
		nap := syscall.NsecToTimespec(c.pause.Nanoseconds())
		_ = syscall.Nanosleep(&nap, nil) // the runtime's own timers are far coarser
	}
}

// Whole is one write.
var Whole = Chunks{next: func(left int) int { return left }}

// ByteByByte is a write for each byte. Of long texts only the ends are sent so,
// and what is between them in pieces that are no power of two.
func ByteByByte() Chunks {
	const ends, bulk = 4 << 10, 15_000
	sent := 0
	next := func(left int) int {
		size := 1
		if sent >= ends && left > ends+bulk {
			size = bulk
		}
		sent += size
		return size
	}
	return Chunks{next: next, pause: 50 * time.Microsecond}
}

// RandomChunks cuts by a seed: mostly short pieces, sometimes long ones.
func RandomChunks(seed uint64) Chunks {
	random := rand.New(rand.NewPCG(seed, seed))
	return Chunks{next: func(left int) int {
		most := 16
		if random.IntN(4) == 0 {
			most = 32 << 10
		}
		return min(left, 1+random.IntN(most))
	}}
}
