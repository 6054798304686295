package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/gateway"
	"github.com/memactor/memactor/shardnode"
)

// readyTimeout bounds the start: in one process, with nobody to wait for, more is a fault.
const readyTimeout = 15 * time.Second

// errNotReady is a cluster that has started and does not work.
var errNotReady = errors.New("the cluster is not ready")

// dev runs a cluster until ctx ends. Then the gateway answers what is in flight, and only then the nodes go.
func dev(ctx context.Context, p daemon.Process, cfg devConfig, out io.Writer) error {
	maps, err := registry.NewMemory(registry.MemoryOptions{ClusterID: "dev"})
	if err != nil {
		return err
	}
	defer func() { _ = maps.Close() }()
	nodes, stopNodes := context.WithCancel(context.WithoutCancel(ctx))
	defer stopNodes()
	group, ctx := errgroup.WithContext(ctx) // one part that fails ends them all
	for n := 1; n <= cfg.Nodes; n++ {
		node := cfg.node(n)
		group.Go(func() error { return shardnode.Run(nodes, p.Part("part", node.ID), node, maps) })
	}
	group.Go(func() error {
		defer stopNodes()
		return gateway.Run(ctx, p.Part("part", "gateway"), cfg.gateway(), maps)
	})
	group.Go(func() error { return announce(ctx, p, cfg, maps, out) })
	return group.Wait()
}

// announce waits until the cluster is ready, and says how to use it.
func announce(ctx context.Context, p daemon.Process, cfg devConfig, maps registry.Maps, out io.Writer) error {
	deadline := time.Now().Add(readyTimeout)
	for p.Ready.Err() != nil {
		if time.Now().After(deadline) {
			return fmt.Errorf("%w within %v: %w", errNotReady, readyTimeout, p.Ready.Err())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
	_, err := io.WriteString(out, banner(cfg, nodesOf(ctx, maps)))
	return err
}

// nodesOf are the nodes of the map as it is now.
func nodesOf(ctx context.Context, maps registry.Maps) []shard.Node {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if m, ok := <-maps.WatchMap(ctx); ok {
		return m.Nodes()
	}
	return nil
}
