package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/shardnode"
)

// nodesOn runs nodes on reg, waits until each has shards, and returns the end of each.
func nodesOn(t *testing.T, reg *registry.Memory, ids ...string) map[string]chan error {
	t.Helper()
	ends := map[string]chan error{}
	ctx, cancel := context.WithCancel(context.Background())
	for _, id := range ids {
		cfg := shardnode.Default()
		cfg.ID, cfg.GRPC, cfg.Memory = id, "127.0.0.1:0", 16*daemon.MiB
		end := make(chan error, 1)
		ends[id] = end
		go func() { end <- shardnode.Run(ctx, daemon.NewTestProcess(id, zerolog.Nop()), cfg, reg) }()
	}
	t.Cleanup(func() {
		cancel()
		for _, end := range ends {
			<-end
		}
	})
	watch, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for m := range reg.WatchMap(watch) {
		if m.Complete() && m.NumNodes() == len(ids) {
			return ends
		}
	}
	t.Fatal("the nodes have no shards")
	return nil
}

func memoryRegistry(t *testing.T) *registry.Memory {
	t.Helper()
	reg, err := registry.NewMemory(registry.MemoryOptions{Shards: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	return reg
}

func membersOf(t *testing.T, reg registry.Registry) []shard.Node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return <-reg.WatchMembers(ctx)
}

func TestDrainWaitsUntilTheNodeHasLeft(t *testing.T) {
	reg := memoryRegistry(t)
	ends := nodesOn(t, reg, "n1", "n2")
	var out bytes.Buffer
	d := drainage{reg: reg, out: &out, terminal: &out, config: drainConfig{Timeout: 20 * time.Second}}
	if err := d.drain(t.Context(), membersOf(t, reg), "n1"); err != nil || out.String() != "n1 has given its shards away and left\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	if now := membersOf(t, reg); len(now) != 1 || now[0].ID != "n2" {
		t.Errorf("members %v", now)
	}
	select {
	case err := <-ends["n1"]:
		ends["n1"] <- err
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("n1 is still running")
	}
	if err := d.drain(t.Context(), membersOf(t, reg), "n2"); !errors.Is(err, registry.ErrLastNode) {
		t.Errorf("the last node: %v", err)
	}
}

// A member that nobody runs never gives its shards away.
func TestDrainGivesUp(t *testing.T) {
	reg := memoryRegistry(t)
	for _, id := range []string{"n1", "n2"} {
		if _, err := reg.Join(t.Context(), shard.Node{ID: id, Address: id + ":1"}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	d := drainage{reg: reg, out: &out, terminal: &out, config: drainConfig{Timeout: 50 * time.Millisecond}}
	err := d.drain(t.Context(), membersOf(t, reg), "n1")
	if !errors.Is(err, errNotDrained) || !strings.Contains(err.Error(), "it goes on draining") || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
	d.config.NoWait = true
	if err := d.drain(t.Context(), membersOf(t, reg), "n1"); err != nil || out.String() != "n1 is draining\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestDrainOfAnUnknownNode(t *testing.T) {
	d := drainage{reg: memoryRegistry(t)}
	err := d.drain(t.Context(), []shard.Node{{ID: "node-1"}, {ID: "node-2"}}, "node1")
	if !errors.Is(err, registry.ErrUnknownNode) || !strings.Contains(err.Error(), `node "node1"; did you mean "node-1"?; allowed: node-1, node-2`) {
		t.Error(err)
	}
}
