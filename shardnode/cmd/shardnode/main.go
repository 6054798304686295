// Command shardnode hosts shards of a memactor cluster.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/shardnode"
)

func main() {
	cfg := shardnode.Default()
	daemon.Main(daemon.Command(daemon.Spec{
		Name:   "shardnode",
		Short:  "Host shards of a memactor cluster",
		Config: &cfg,
		Run: func(ctx context.Context, p daemon.Process) error {
			reg, err := cfg.OpenRegistry(cfg.Shards, p.Log)
			switch {
			case errors.Is(err, registry.ErrNoCluster):
				return shardnode.Run(ctx, p, cfg, nil)
			case err != nil:
				return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
			}
			defer func() { _ = reg.Close() }()
			return shardnode.Run(ctx, p, cfg, reg)
		},
	}))
}
