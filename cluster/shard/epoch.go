package shard

import "time"

// MaxEpoch is the largest epoch: a cas unique is epoch<<40 | sequence, which
// leaves the epoch 24 bits. EpochBase reaches it in the year 2059.
const MaxEpoch = 1<<24 - 1

// epochZero is when EpochBase starts to count.
var epochZero = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)

// EpochBase is the smallest epoch that may be given out at a moment: the
// milliseconds since 2025, in units of 2^16 ms (about a minute). Epochs that
// start there are not repeated even by a cluster that lost every copy of its
// map. A clock that is before 2025 gives 1: 0 means "not checked".
func EpochBase(now time.Time) uint64 {
	ms := now.Sub(epochZero).Milliseconds()
	return uint64(max(ms>>16, 1))
}

// nextEpoch is the epoch of a shard whose owner changes.
func nextEpoch(prev, base uint64) uint64 {
	return max(prev+1, base)
}
