package registrytest

import (
	"context"
	"errors"

	"github.com/memactor/memactor/cluster/registry"
)

// campaign runs in the background until it is won.
func (b *bench) campaign(m registry.Membership) <-chan registry.Leadership {
	won := make(chan registry.Leadership, 1)
	go func() {
		l, err := m.Campaign(b.ctx)
		if err == nil {
			won <- l
		}
	}()
	return won
}

func (b *bench) won(won <-chan registry.Leadership) registry.Leadership {
	b.Helper()
	return await(b, won, "elected", func(registry.Leadership) bool { return true })
}

func oneIsElected(b *bench) {
	_, _, l := b.elect("n1")
	_, m2 := b.join(node("n2"))
	_, m3 := b.join(node("n3"))
	second, third := b.campaign(m2), b.campaign(m3)
	silent(b, second, "a second coordinator")
	silent(b, third, "a third coordinator")
	select {
	case <-l.Lost():
		b.Error("the first is not the coordinator any more")
	default:
	}
}

func resignationElects(b *bench) {
	_, m1, l1 := b.elect("n1")
	_, m2 := b.join(node("n2"))
	second := b.campaign(m2)
	b.must(l1.Resign(b.ctx))
	b.must(l1.Resign(b.ctx))
	b.closed("lost by resigning", l1.Lost())
	l2 := b.won(second)
	first := b.campaign(m1) // who resigned may stand again
	silent(b, first, "two coordinators")
	b.must(l2.Resign(b.ctx))
	b.won(first)
}

func leaveElects(b *bench) {
	_, m1, l1 := b.elect("n1")
	_, m2 := b.join(node("n2"))
	second := b.campaign(m2)
	b.must(m1.Leave(b.ctx))
	b.closed("lost by leaving", l1.Lost())
	b.won(second)
}

func crashElects(b *bench) {
	r1, m1, _ := b.elect("n1")
	_, m2 := b.join(node("n2"))
	second := b.campaign(m2)
	b.Crash(b.T, r1, m1)
	b.won(second)
}

func campaignEnds(b *bench) {
	b.elect("n1")
	_, m2 := b.join(node("n2"))
	short, cancel := context.WithTimeout(b.ctx, quiet)
	defer cancel()
	if _, err := m2.Campaign(short); !errors.Is(err, context.DeadlineExceeded) {
		b.Error(err)
	}
}

func campaignEndsWithMembership(b *bench) {
	b.elect("n1")
	_, m2 := b.join(node("n2"))
	ended := make(chan error, 1)
	go func() {
		_, err := m2.Campaign(b.ctx)
		ended <- err
	}()
	b.must(m2.Leave(b.ctx))
	err := await(b, ended, "the campaign's end", func(error) bool { return true })
	if !errors.Is(err, registry.ErrLost) {
		b.Error(err)
	}
}
