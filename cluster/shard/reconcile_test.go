package shard

import (
	"testing"

	"pgregory.net/rapid"
)

func TestReconcileWiped(t *testing.T) {
	known := Plan(empty(t, 4), nodes("a"), 9)
	if got := Reconcile(known, nil); got != known {
		t.Error(got)
	}
}

func TestReconcileOldSnapshot(t *testing.T) {
	old := Plan(empty(t, 4), nodes("a"), 9)
	known := Plan(Plan(old, nodes("a", "b"), 9), nodes("b"), 9)
	if got := Reconcile(known, old); got != known {
		t.Error(got)
	}
}

// After an old snapshot was restored, somebody who knew no better planned on top
// of it. Shards that were given out there get epochs that nobody has served.
func TestReconcileFork(t *testing.T) {
	old := Plan(empty(t, 4), nodes("a"), 9)
	known := Plan(old, nodes("a", "b"), 9)
	fork := Plan(Plan(old, nodes("a", "c"), 9), nodes("c"), 9)
	got := Reconcile(known, fork)
	if got.Version() != fork.Version()+1 {
		t.Errorf("version %d", got.Version())
	}
	for id := range ID(4) {
		want, _ := known.Owner(id)
		owner, _ := got.Owner(id)
		if owner != want || got.Epoch(id) <= fork.Epoch(id) {
			t.Errorf("shard %d: %s under %d", id, owner.ID, got.Epoch(id))
		}
	}
}

func TestReconcileForeign(t *testing.T) {
	known := Plan(empty(t, 4), nodes("a"), 9)
	other, err := Empty("other", 4)
	if err != nil {
		t.Fatal(err)
	}
	if got := Reconcile(known, Plan(other, nodes("x"), 99)); got != known {
		t.Error(got)
	}
	if got := Reconcile(known, Plan(empty(t, 8), nodes("x"), 99)); got != known {
		t.Error(got)
	}
}

// Over two lines of history from one ancestor, and what is made of them, one
// epoch of one shard never has two owners.
func TestReconcileKeepsEpochsUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := drawMap(t)
		served := map[[2]uint64]Node{}
		serve := func(m *Map) *Map {
			for id := range ID(m.Len()) {
				if owner, ok := m.Owner(id); ok {
					at := [2]uint64{uint64(id), m.Epoch(id)}
					if other, ok := served[at]; ok && !other.same(owner) {
						return nil
					}
					served[at] = owner
				}
			}
			return m
		}
		line := func(name string) *Map {
			m := old
			for range rapid.IntRange(0, 3).Draw(t, name) {
				m = Plan(m, drawNodes(t, 8), 5)
			}
			return m
		}
		known, stored := line("known"), line("stored")
		joined := Reconcile(known, stored)
		if joined.Version() < known.Version() || joined.Version() < stored.Version() {
			t.Fatalf("%v of %v and %v", joined, known, stored)
		}
		// The two lines may clash with each other: neither knew of the other.
		// What follows may clash with neither.
		after := Plan(joined, drawNodes(t, 8), 5)
		for _, base := range []*Map{known, stored} {
			served = map[[2]uint64]Node{}
			if serve(base) == nil || serve(joined) == nil || serve(after) == nil {
				t.Fatalf("one epoch, two owners: %v, %v, %v", base, joined, after)
			}
		}
	})
}
