package registry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

// memoryWorld is one Memory, which all of a test's processes share.
type memoryWorld struct {
	*registry.Memory
}

func (w memoryWorld) Open(*testing.T) registry.Registry { return w.Memory }

func (w memoryWorld) Crash(_ *testing.T, _ registry.Registry, m registry.Membership) {
	w.Cut(m.Node().ID)
}

func (w memoryWorld) Stop(*testing.T)                    { w.Memory.Stop() }
func (w memoryWorld) Start(*testing.T)                   { w.Memory.Start() }
func (w memoryWorld) Restore(_ *testing.T, m *shard.Map) { w.Memory.Restore(m) }
func (w memoryWorld) Stored(*testing.T) *shard.Map       { return w.Memory.Stored() }

func newMemory(t *testing.T, options registry.MemoryOptions) *registry.Memory {
	t.Helper()
	m, err := registry.NewMemory(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func TestMemoryConforms(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) registrytest.World {
		return memoryWorld{newMemory(t, registry.MemoryOptions{Shards: registrytest.Shards, TTL: 100 * time.Millisecond})}
	})
}

func TestMemoryRefusesShards(t *testing.T) {
	if _, err := registry.NewMemory(registry.MemoryOptions{Shards: 1000}); !errors.Is(err, shard.ErrShards) {
		t.Error(err)
	}
}

// inBubble runs a test with a clock that only moves when everything waits.
func inBubble(t *testing.T, run func(t *testing.T, m *registry.Memory)) {
	synctest.Test(t, func(t *testing.T) {
		run(t, newMemory(t, registry.MemoryOptions{}))
	})
}

func join(t *testing.T, m *registry.Memory, id string) registry.Membership {
	t.Helper()
	member, err := m.Join(t.Context(), shard.Node{ID: id, Address: id + ":1"})
	if err != nil {
		t.Fatal(err)
	}
	return member
}

// members is who is listed now.
func members(t *testing.T, m *registry.Memory) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ids := []string{}
	for _, n := range <-m.WatchMembers(ctx) {
		ids = append(ids, n.ID)
	}
	return ids
}

func TestMemoryCutExpiresAfterTheTTL(t *testing.T) {
	inBubble(t, func(t *testing.T, m *registry.Memory) {
		join(t, m, "n1")
		m.Cut("n1")
		m.Cut("n1")
		m.Cut("unknown")
		time.Sleep(10*time.Second - 1)
		synctest.Wait()
		if len(members(t, m)) != 1 {
			t.Error("gone before the TTL")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if len(members(t, m)) != 0 {
			t.Error("there after the TTL")
		}
	})
}

func TestMemoryHealInTime(t *testing.T) {
	inBubble(t, func(t *testing.T, m *registry.Memory) {
		member := join(t, m, "n1")
		l, err := member.Campaign(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m.Cut("n1")
		if _, err := l.Load(t.Context()); !errors.Is(err, registry.ErrUnavailable) {
			t.Error(err)
		}
		time.Sleep(9 * time.Second)
		m.Heal(member)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(members(t, m)) != 1 || m.Coordinator() != "n1" {
			t.Error("lost, though it was back in time")
		}
		if _, err := l.Load(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A member that was away for too long joins again by itself, and is not the
// coordinator any more.
func TestMemoryHealTooLate(t *testing.T) {
	inBubble(t, func(t *testing.T, m *registry.Memory) {
		member := join(t, m, "n1")
		l, err := member.Campaign(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m.Expire("n1")
		m.Expire("n1")
		<-l.Lost()
		if len(members(t, m)) != 0 {
			t.Error("there after its session has expired")
		}
		m.Heal(member)
		if len(members(t, m)) != 1 || m.Coordinator() != "" {
			t.Error("did not join again")
		}
		if _, err := l.Load(t.Context()); !errors.Is(err, registry.ErrFenced) {
			t.Error(err)
		}
		if _, err := member.Campaign(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestMemoryHealAfterBeingReplaced(t *testing.T) {
	inBubble(t, func(t *testing.T, m *registry.Memory) {
		first := join(t, m, "n1")
		m.Expire("n1")
		second := join(t, m, "n1")
		m.Heal(first)
		<-first.Lost()
		if _, err := first.Campaign(t.Context()); !errors.Is(err, registry.ErrLost) {
			t.Error(err)
		}
		if err := second.Leave(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// With the registry down nobody's session expires; after it is back, each has a
// whole TTL.
func TestMemoryStopHoldsSessions(t *testing.T) {
	inBubble(t, func(t *testing.T, m *registry.Memory) {
		join(t, m, "n1")
		m.Cut("n1")
		time.Sleep(9 * time.Second)
		m.Stop()
		time.Sleep(time.Hour)
		m.Start()
		time.Sleep(9 * time.Second)
		if len(members(t, m)) != 1 {
			t.Error("expired during the outage")
		}
		time.Sleep(2 * time.Second)
		if len(members(t, m)) != 0 {
			t.Error("does not expire any more")
		}
	})
}

func TestMemoryLeaveWhileCut(t *testing.T) {
	inBubble(t, func(t *testing.T, m *registry.Memory) {
		member := join(t, m, "n1")
		m.Cut("n1")
		if err := member.Leave(t.Context()); !errors.Is(err, registry.ErrUnavailable) {
			t.Error(err)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if len(members(t, m)) != 0 {
			t.Error("there after its session has expired")
		}
	})
}
