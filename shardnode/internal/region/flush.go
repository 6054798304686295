package region

import "github.com/memactor/memactor/shardnode/internal/entry"

// flush is a shard's part of flush_all: O(1), whatever the shard holds. Each block
// has the generation of the moment at which it was stored, and one of an earlier
// generation is no entry any more; the sweeper takes it out. A generation is finer
// than a second: what is stored right after a flush stays.
type flush struct {
	generation uint32
	swept      uint32 // up to this generation nothing is left of the earlier ones
	sweeping   uint32 // generation when the sweeper began with the shard
	due        int64  // Unix second of a flush that is still to come; 0: none
}

// order is flush_all with memcached's exptime. As in memcached there is one order
// at a time, a delayed one comes with the last second before its time, and one for
// a time before the node started has nothing to invalidate.
func (f *flush) order(exptime, now, started int64) {
	f.due = 0
	if exptime <= 0 {
		f.generation++
		return
	}
	at := int64(entry.Expiry(exptime, now)) - 1
	switch {
	case at < started:
	case at <= now:
		f.generation++
	default:
		f.due = at
	}
}

// passTime carries out a flush whose time has come.
func (f *flush) passTime(now int64) {
	if f.due != 0 && now >= f.due {
		f.due = 0
		f.generation++
	}
}
