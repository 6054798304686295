package region

import (
	"sync/atomic"
	"time"
)

// A cas unique is epoch<<40 + sequence. The sequence is one for the node, so that
// no two entries of it have the same one (of two nodes they may); shards take numbers
// from it by the span, so that they share no cache line for each change.
//
// Where the map has no epochs (0: a static list of nodes), the milliseconds since
// 2025 take their place: start<<24 + sequence, which is the same scale, because an
// epoch is about 2^16 ms. So no number comes again after a restart: that would take
// more than 2^24 changes in a millisecond.
type sequence struct {
	start uint64 // milliseconds since 2025 when the node started
	taken atomic.Uint64
}

const (
	epochShift = 40
	startShift = epochShift - 16
	spanSize   = 256
)

func newSequence(now time.Time) *sequence {
	zero := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	return &sequence{start: uint64(max(now.Sub(zero).Milliseconds(), 1))}
}

// base is what a shard under this epoch adds to its sequence numbers.
func (s *sequence) base(epoch uint64) uint64 {
	if epoch == 0 {
		return s.start << startShift
	}
	return epoch << epochShift
}

// span is a shard's stock of sequence numbers. The zero span is empty.
type span struct{ last, end uint64 }

func (p *span) next(s *sequence) uint64 {
	if p.last == p.end {
		p.end = s.taken.Add(spanSize)
		p.last = p.end - spanSize
	}
	p.last++
	return p.last
}
