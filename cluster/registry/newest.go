package registry

import "github.com/memactor/memactor/cluster/shard"

// newest is the map to go on from, of the newest that this process has seen and
// the one that is stored, each of which may be nil. If it is not the stored one,
// it has to be stored before anything is committed on top of it.
func newest(known, stored *shard.Map) *shard.Map {
	switch {
	case stored == nil:
		return known
	case known == nil:
		return stored
	}
	switch judge(known, stored) {
	case newer, same:
		return stored
	case older, forked, foreign:
	}
	return shard.Reconcile(known, stored)
}
