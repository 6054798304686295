package registrytest

import (
	"context"
	"errors"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

func firstMap(b *bench) {
	watch := b.open().WatchMap(b.ctx)
	_, _, l := b.elect("n1")
	silent(b, watch, "a map before there is one")
	none := b.load(l)
	if none.Version() != 0 || none.Len() != Shards || none.NumNodes() != 0 || none.ClusterID() == "" {
		b.Errorf("a new cluster's map: %v", none)
	}
	first := b.advance(l, none, "n1")
	if got := b.awaitVersion(watch, 1); !got.Equal(first) {
		b.Errorf("watched %v, committed %v", got, first)
	}
	if got := b.awaitVersion(b.open().WatchMap(b.ctx), 1); !got.Equal(first) {
		b.Errorf("a later watch: %v", got)
	}
	if got := b.Stored(b.T); !got.Equal(first) {
		b.Errorf("stored %v", got)
	}
}

// The next coordinator goes on where the last one was.
func mapsFollow(b *bench) {
	watch := b.open().WatchMap(b.ctx)
	_, _, l1 := b.elect("n1")
	last := b.advance(l1, b.load(l1), "n1")
	last = b.advance(l1, last, "n1", "n2")
	b.must(l1.Resign(b.ctx))
	_, _, l2 := b.elect("n2")
	if got := b.load(l2); !got.Equal(last) {
		b.Errorf("the second goes on from %v, not %v", got, last)
	}
	last = b.advance(l2, last, "n2")
	if got := b.awaitVersion(watch, 3); !got.Equal(last) {
		b.Errorf("watched %v", got)
	}
}

func badSuccessor(b *bench) {
	_, _, l := b.elect("n1")
	none := b.load(l)
	first := b.advance(l, none, "n1")
	other, err := shard.Empty("another-cluster", Shards)
	b.must(err)
	larger, err := shard.Empty(first.ClusterID(), Shards*2)
	b.must(err)
	for want, bad := range map[error]*shard.Map{
		registry.ErrStale:        plan(none, "n1", "n2"),
		registry.ErrOtherCluster: plan(plan(other, "n1"), "n2"),
		registry.ErrShardCount:   plan(plan(larger, "n1"), "n2"),
	} {
		if err := l.Commit(b.ctx, bad); !errors.Is(err, want) {
			b.Errorf("%v on top of %v: %v, want %v", bad, first, err, want)
		}
	}
	if got := b.Stored(b.T); !got.Equal(first) {
		b.Errorf("stored %v", got)
	}
}

func commitNeedsLoad(b *bench) {
	_, _, l := b.elect("n1")
	none, err := shard.Empty("unknown", Shards)
	b.must(err)
	if err := l.Commit(b.ctx, plan(none, "n1")); !errors.Is(err, registry.ErrConflict) {
		b.Error(err)
	}
	if got := b.Stored(b.T); got != nil {
		b.Errorf("stored %v", got)
	}
}

func exCoordinatorIsFenced(b *bench) {
	_, _, l1 := b.elect("n1")
	last := b.advance(l1, b.load(l1), "n1")
	b.must(l1.Resign(b.ctx))
	if err := l1.Commit(b.ctx, plan(last, "n2")); !errors.Is(err, registry.ErrFenced) {
		b.Errorf("with nobody elected: %v", err)
	}
	b.elect("n2")
	if err := l1.Commit(b.ctx, plan(last, "n2")); !errors.Is(err, registry.ErrFenced) {
		b.Errorf("with another elected: %v", err)
	}
	if _, err := l1.Load(b.ctx); !errors.Is(err, registry.ErrFenced) {
		b.Errorf("load: %v", err)
	}
	if got := b.Stored(b.T); !got.Equal(last) {
		b.Errorf("stored %v", got)
	}
}

// Whatever a process that is thought dead still sends, it changes nothing.
func crashedCoordinatorIsFenced(b *bench) {
	r1, m1, l1 := b.elect("n1")
	b.advance(l1, b.load(l1), "n1")
	b.Crash(b.T, r1, m1)
	_, _, l2 := b.elect("n2")
	last := b.advance(l2, b.load(l2), "n2")
	if err := l1.Commit(b.ctx, plan(last, "n1", "n3")); err == nil {
		b.Error("a crashed coordinator has committed")
	}
	if got := b.Stored(b.T); !got.Equal(last) {
		b.Errorf("stored %v", got)
	}
}

func conflict(b *bench) {
	_, _, l := b.elect("n1")
	first := b.advance(l, b.load(l), "n1")
	theirs := plan(first, "n1", "n9")
	b.Restore(b.T, theirs)
	b.closed("told of the change", l.Changed())
	if err := l.Commit(b.ctx, plan(first, "n2")); !errors.Is(err, registry.ErrConflict) {
		b.Error(err)
	}
	if got := b.load(l); !got.Equal(theirs) {
		b.Errorf("loaded %v", got)
	}
	b.advance(l, theirs, "n2")
}

// republished spoils the stored map, sees to it that no watch shows that, and
// that a Load stores again what everybody had.
func republished(b *bench, spoil func(history []*shard.Map) *shard.Map) (before, after *shard.Map) {
	b.Helper()
	r, _, l := b.elect("n1")
	history := []*shard.Map{b.load(l)}
	for _, ids := range [][]string{{"n1"}, {"n1", "n2"}, {"n1", "n3"}} {
		history = append(history, b.advance(l, history[len(history)-1], ids...))
	}
	before = history[len(history)-1]
	watch := r.WatchMap(b.ctx)
	b.awaitVersion(watch, before.Version())
	b.Restore(b.T, spoil(history))
	b.closed("told of the change", l.Changed())
	silent(b, watch, "a map that was not committed")
	after = b.load(l)
	if got := b.Stored(b.T); !got.Equal(after) {
		b.Errorf("stored %v, loaded %v", got, after)
	}
	next := b.advance(l, after, "n1")
	if got := b.awaitVersion(watch, next.Version()); !got.Equal(next) {
		b.Errorf("watched %v", got)
	}
	return before, after
}

func wiped(b *bench) {
	before, after := republished(b, func([]*shard.Map) *shard.Map { return nil })
	if !after.Equal(before) {
		b.Errorf("%v instead of %v", after, before)
	}
}

func older(b *bench) {
	before, after := republished(b, func(history []*shard.Map) *shard.Map { return history[1] })
	if !after.Equal(before) {
		b.Errorf("%v instead of %v", after, before)
	}
}

// Somebody planned on top of an older map: as long as that is not beyond what is
// known, what is known wins, under epochs that nobody has served.
func fork(b *bench) {
	var forked *shard.Map
	before, after := republished(b, func(history []*shard.Map) *shard.Map {
		forked = plan(plan(history[1], "n7", "n8"), "n8")
		return forked
	})
	if after.Version() <= before.Version() {
		b.Errorf("%v after %v", after, before)
	}
	for id := range shard.ID(after.Len()) {
		was, _ := before.Owner(id)
		is, _ := after.Owner(id)
		if is != was || after.Epoch(id) <= forked.Epoch(id) {
			b.Errorf("shard %d: %s under %d, was %s under %d", id, is.ID, after.Epoch(id), was.ID, before.Epoch(id))
		}
	}
}

// The same, and the version of what was planned is beyond what is known. (A shard
// of n8 keeps the epoch that it got there, and n3 has a later one.)
func forkAhead(b *bench) {
	var forked *shard.Map
	before, after := republished(b, func(history []*shard.Map) *shard.Map {
		forked = history[1]
		for _, ids := range [][]string{{"n1", "n8"}, {"n1", "n8", "n9"}, {"n1", "n8"}, {"n1", "n8", "n9"}} {
			forked = plan(forked, ids...)
		}
		return forked
	})
	if after.Version() <= forked.Version() || !after.Descends(before) || !after.Descends(forked) {
		b.Errorf("%v after %v and %v", after, before, forked)
	}
	for id := range shard.ID(after.Len()) {
		was, _ := before.Owner(id)
		if is, _ := after.Owner(id); is != was {
			b.Errorf("shard %d: %s, was %s", id, is.ID, was.ID)
		}
	}
}

func foreign(b *bench) {
	before, after := republished(b, func([]*shard.Map) *shard.Map {
		other, err := shard.Empty("another-cluster", Shards)
		b.must(err)
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			other = plan(other, id)
		}
		return other
	})
	if !after.Equal(before) {
		b.Errorf("%v instead of %v", after, before)
	}
}

func newestWins(b *bench) {
	watch := b.open().WatchMap(b.ctx)
	_, _, l := b.elect("n1")
	last := b.load(l)
	for i := range 20 {
		last = b.advance(l, last, "n1", []string{"n2", "n3"}[i%2])
	}
	seen, count := uint64(0), 0
	got := await(b, watch, "the last map", func(m *shard.Map) bool {
		if m.Version() <= seen {
			b.Fatalf("version %d after %d", m.Version(), seen)
		}
		seen, count = m.Version(), count+1
		return seen == last.Version()
	})
	if !got.Equal(last) {
		b.Errorf("watched %v", got)
	}
	silent(b, watch, "a map behind the newest")
}

func watchesEnd(b *bench) {
	r := b.open()
	ctx, cancel := context.WithCancel(b.ctx)
	maps, members := r.WatchMap(ctx), r.WatchMembers(ctx)
	cancel()
	for range maps {
	}
	for range members {
	}
	maps, members = r.WatchMap(b.ctx), r.WatchMembers(b.ctx)
	b.must(r.Close())
	b.must(r.Close())
	for range maps {
	}
	for range members {
	}
	if _, err := r.Join(b.ctx, node("n1")); !errors.Is(err, registry.ErrClosed) {
		b.Errorf("join: %v", err)
	}
}

// While the registry is away nothing changes, and afterwards it goes on.
func outage(b *bench) {
	r, m, l := b.elect("n1")
	first := b.advance(l, b.load(l), "n1")
	maps, members := r.WatchMap(b.ctx), r.WatchMembers(b.ctx)
	b.awaitVersion(maps, 1)
	b.awaitMembers(members, "n1")
	b.Stop(b.T)
	silent(b, maps, "a map")
	silent(b, members, "members")
	short, cancel := context.WithTimeout(b.ctx, quiet)
	defer cancel()
	if err := l.Commit(short, plan(first, "n2")); err == nil {
		b.Error("committed without a registry")
	}
	if got := b.awaitVersion(r.WatchMap(b.ctx), 1); !got.Equal(first) {
		b.Errorf("a new watch: %v", got)
	}
	b.Start(b.T)
	b.join(node("n2"))
	b.awaitMembers(members, "n1", "n2")
	l = b.leadAgain(m, l)
	second := b.advance(l, b.load(l), "n1", "n2")
	if got := b.awaitVersion(maps, second.Version()); !got.Equal(second) {
		b.Errorf("watched %v", got)
	}
}

// leadAgain is the leadership that m has, or gets again if the outage ended it.
func (b *bench) leadAgain(m registry.Membership, l registry.Leadership) registry.Leadership {
	b.Helper()
	if _, err := l.Load(b.ctx); err == nil {
		return l
	}
	b.must(l.Resign(b.ctx))
	again, err := m.Campaign(b.ctx)
	b.must(err)
	return again
}
