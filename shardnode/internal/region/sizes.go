package region

import "github.com/memactor/memactor/shardnode/internal/entry"

// sizeStep is the width in bytes of one class of sizes, as in memcached.
const sizeStep = 32

// TrackSizes says whether Sizes has something to tell. Nothing is counted on the way
// of a command: the entries are counted when they are asked for.
func (r *Region) TrackSizes(on bool) { r.sizes.Store(on) }

// SizesTracked tells what TrackSizes said.
func (r *Region) SizesTracked() bool { return r.sizes.Load() }

// Sizes counts the entries by their size as memcached counts it, rounded up to a
// multiple of 32 bytes; false while sizes are not tracked.
func (r *Region) Sizes() (map[int]uint64, bool) {
	if !r.sizes.Load() {
		return nil, false
	}
	counts := map[int]uint64{}
	for w := r.walk(); !w.done(); {
		w.step(func(s *slot, busy bool) { counts[s.sizeClass(busy)]++ })
	}
	return counts, true
}

// sizeClass is the entry's size, rounded up. The client flags of a running actor may
// not be looked at; they make 4 bytes.
func (s *slot) sizeClass(busy bool) int {
	var flags uint32
	if !busy {
		flags = s.data.actor(s.expires).Entry.Flags
	}
	size := entry.ItemSize(s.data.keyLen(), len(s.data.value()), flags)
	return (size + sizeStep - 1) / sizeStep * sizeStep
}
