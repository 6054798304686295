package coordinator

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/rs/zerolog"
)

func TestFirstMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := registry.NewMemory(registry.MemoryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		ctx, cancel := context.WithCancel(t.Context())
		m, err := r.Join(ctx, shard.Node{ID: "n1", Address: "127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- Run(ctx, Config{Registry: r, Membership: m, Log: zerolog.Nop()}) }()
		if got := <-r.WatchMap(ctx); !got.Complete() || got.Version() != 1 {
			t.Error(got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
