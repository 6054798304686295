package registrytest

import (
	"context"
	"errors"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

func membersComeAndGo(b *bench) {
	watch := b.open().WatchMembers(b.ctx)
	b.awaitMembers(watch)
	_, second := b.join(node("n2"))
	_, first := b.join(node("n1"))
	list := b.awaitMembers(watch, "n1", "n2")
	for i, m := range []registry.Membership{first, second} {
		want := node(m.Node().ID)
		want.Incarnation = m.Node().Incarnation
		if list[i] != want || m.Node() != want || want.Incarnation == 0 {
			b.Errorf("listed %v, joined as %v, want %v", list[i], m.Node(), want)
		}
	}
	b.must(first.Leave(b.ctx))
	b.awaitMembers(watch, "n2")
	b.must(second.Leave(b.ctx))
	b.awaitMembers(watch)
}

func crashedMemberIsMissed(b *bench) {
	watch := b.open().WatchMembers(b.ctx)
	r, m := b.join(node("n1"))
	b.join(node("n2"))
	b.awaitMembers(watch, "n1", "n2")
	b.Crash(b.T, r, m)
	b.awaitMembers(watch, "n2")
}

func badNodeIsRefused(b *bench) {
	for _, bad := range []shard.Node{{}, {ID: "a/b"}, {ID: "a", Weight: 1 << 30}} {
		if m, err := b.open().Join(b.ctx, bad); !errors.Is(err, shard.ErrNode) {
			b.Errorf("%v: joined as %v, %v", bad, m, err)
		}
	}
}

// The second node is refused, and the first goes on.
func duplicateIsRefused(b *bench) {
	_, first := b.join(node("n1"))
	other := node("n1")
	other.Address = "elsewhere.example:7001"
	if m, err := b.open().Join(b.ctx, other); !errors.Is(err, registry.ErrDuplicate) {
		b.Errorf("joined as %v, %v", m, err)
	}
	select {
	case <-first.Lost():
		b.Error("the first was thrown out")
	default:
	}
	b.awaitMembers(b.open().WatchMembers(b.ctx), "n1")
}

// Whoever serves at the same address has replaced the one that was there, which
// need not have been noticed yet.
func restartIsANewIncarnation(b *bench) {
	_, first := b.join(node("n1"))
	_, second := b.join(node("n1"))
	if second.Node().Incarnation <= first.Node().Incarnation {
		b.Errorf("incarnation %d after %d", second.Node().Incarnation, first.Node().Incarnation)
	}
	b.closed("the first run is lost", first.Lost())
	b.must(second.Leave(b.ctx))
	_, third := b.join(node("n1"))
	if third.Node().Incarnation <= second.Node().Incarnation {
		b.Errorf("incarnation %d after %d", third.Node().Incarnation, second.Node().Incarnation)
	}
	list := b.awaitMembers(b.open().WatchMembers(b.ctx), "n1")
	if list[0].Incarnation != third.Node().Incarnation {
		b.Errorf("listed as %v", list[0])
	}
}

func restartElsewhere(b *bench) {
	r, first := b.join(node("n1"))
	b.Crash(b.T, r, first)
	other := node("n1")
	other.Address = "elsewhere.example:7001"
	_, second := b.join(other)
	if second.Node().Incarnation <= first.Node().Incarnation {
		b.Errorf("incarnation %d after %d", second.Node().Incarnation, first.Node().Incarnation)
	}
	watch := b.open().WatchMembers(b.ctx)
	await(b, watch, "the new address", func(list []shard.Node) bool {
		return len(list) == 1 && list[0].Address == other.Address
	})
}

func leavingTwice(b *bench) {
	_, m := b.join(node("n1"))
	b.must(m.Leave(b.ctx))
	b.must(m.Leave(b.ctx))
	b.join(node("n1"))
	b.must(m.Leave(b.ctx)) // an old run's
	b.awaitMembers(b.open().WatchMembers(b.ctx), "n1")
}

// A node that starts again is not draining any more.
func draining(b *bench) {
	r, m := b.join(node("n1"))
	b.join(node("n2"))
	if err := r.Drain(b.ctx, "n3"); !errors.Is(err, registry.ErrUnknownNode) {
		b.Errorf("an unknown node: %v", err)
	}
	watch := b.open().WatchMembers(b.ctx)
	b.must(b.open().Drain(b.ctx, "n1"))
	isDraining := func(want shard.NodeState) func([]shard.Node) bool {
		return func(list []shard.Node) bool {
			return len(list) == 2 && list[0].State == want && list[1].State == shard.Live
		}
	}
	await(b, watch, "n1 draining", isDraining(shard.Draining))
	b.must(r.Drain(b.ctx, "n1")) // it is already
	if err := r.Drain(b.ctx, "n2"); !errors.Is(err, registry.ErrLastNode) {
		b.Errorf("the last live node: %v", err)
	}
	b.must(m.Leave(b.ctx))
	b.awaitMembers(watch, "n2")
	b.join(node("n1"))
	await(b, watch, "n1 live", isDraining(shard.Live))
}

func joinDuringOutage(b *bench) {
	r := b.open()
	b.Stop(b.T)
	short, cancel := context.WithTimeout(b.ctx, quiet)
	defer cancel()
	if m, err := r.Join(short, node("n1")); !errors.Is(err, context.DeadlineExceeded) {
		b.Errorf("joined as %v, %v", m, err)
	}
	joined := make(chan error, 1)
	go func() {
		_, err := r.Join(b.ctx, node("n1"))
		joined <- err
	}()
	silent(b, joined, "joined without a registry")
	b.Start(b.T)
	b.must(await(b, joined, "joined", func(error) bool { return true }))
	b.awaitMembers(r.WatchMembers(b.ctx), "n1")
}
