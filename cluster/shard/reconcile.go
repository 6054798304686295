package shard

import "slices"

// Reconcile is the map to publish when the stored one is not the newest that
// the cluster has seen: the registry was wiped, restored from an old snapshot,
// or written to by somebody else.
//
// The result has the owners of known. It is known itself where stored (nil: there
// is none) could be an ancestor of it. Where it could not, maps were committed
// on top of the old snapshot, and their owners may have served under epochs that
// known gave to others: those shards get an epoch above both, and the map a
// version above both, so that no epoch ever has two owners.
func Reconcile(known, stored *Map) *Map {
	if stored == nil || stored.clusterID != known.clusterID || stored.Len() != known.Len() {
		return known
	}
	next := *known
	next.version = max(known.version, stored.version) + 1
	next.epochs = slices.Clone(known.epochs)
	for i := range next.epochs {
		if conflict(known, stored, i) {
			next.epochs[i] = max(known.epochs[i], stored.epochs[i]) + 1
		}
	}
	if stored.version <= known.version && slices.Equal(next.epochs, known.epochs) {
		return known
	}
	return &next
}

// Descends says whether m can have come of prev by plans alone. A map that was
// planned on top of an older one than prev, as after an old snapshot was restored,
// most often cannot, whatever its version: a shard has a lower epoch there, or the
// same epoch and another owner. The maps have the same count of shards.
func (m *Map) Descends(prev *Map) bool {
	for i := range m.epochs {
		if conflict(m, prev, i) {
			return false
		}
	}
	return true
}

// conflict says whether shard i was given out in stored in a way that does not
// come before known.
func conflict(known, stored *Map, i int) bool {
	if stored.epochs[i] != known.epochs[i] {
		return stored.epochs[i] > known.epochs[i]
	}
	return changed(stored, known, i)
}
