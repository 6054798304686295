package registry

import (
	"fmt"

	"github.com/memactor/memactor/cluster/shard"
)

// verdict is what a map that came from the registry is, next to the newest map
// that this process knows.
type verdict uint8

const (
	// newer maps are taken. So is the first one ever seen.
	newer verdict = iota
	// same is the map we have.
	same
	// older maps are never taken: the registry was restored from a snapshot.
	older
	// forked maps have a higher version and do not come of the map we have: after
	// the registry was restored somebody who knew no better has planned on top of
	// the snapshot. They are never taken either; the coordinator will reconcile.
	forked
	// foreign maps are of another cluster or have another count of shards, and
	// are never taken.
	foreign
)

func (v verdict) String() string {
	switch v {
	case newer:
		return "newer"
	case same:
		return "same"
	case older:
		return "older"
	case forked:
		return "forked"
	case foreign:
		return "foreign"
	}
	return fmt.Sprintf("verdict(%d)", uint8(v))
}

// judge compares a map with the one that is known; nil: none is.
func judge(known, m *shard.Map) verdict {
	switch {
	case known == nil:
		return newer
	case m.ClusterID() != known.ClusterID() || m.Len() != known.Len():
		return foreign
	case m.Version() > known.Version() && m.Descends(known):
		return newer
	case m.Version() > known.Version():
		return forked
	case m.Equal(known):
		return same
	}
	return older
}

// covers says whether m is the map that is known, or one to take instead.
func covers(m, known *shard.Map) bool {
	v := judge(known, m)
	return v == newer || v == same
}

// successor says why next may not be committed on top of prev; nil: it may.
func successor(prev, next *shard.Map) error {
	switch {
	case next.ClusterID() != prev.ClusterID():
		return fmt.Errorf("%w: %s, not %s", ErrOtherCluster, next.ClusterID(), prev.ClusterID())
	case next.Len() != prev.Len():
		return fmt.Errorf("%w: %d, not %d", ErrShardCount, next.Len(), prev.Len())
	case next.Version() <= prev.Version():
		return fmt.Errorf("%w: version %d on top of %d", ErrStale, next.Version(), prev.Version())
	case !next.Descends(prev):
		return fmt.Errorf("%w: it does not come of version %d", ErrStale, prev.Version())
	}
	return nil
}
