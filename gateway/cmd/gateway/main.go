// Command gateway serves memcached clients from the shard nodes of a cluster.
package main

import (
	"context"
	"fmt"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/gateway"
)

func main() {
	cfg := gateway.Default()
	daemon.Main(daemon.Command(daemon.Spec{
		Name:   "gateway",
		Short:  "Serve memcached clients from a memactor cluster",
		Config: &cfg, Foreign: gateway.Memcached(),
		Run: func(ctx context.Context, p daemon.Process) error {
			reg, err := cfg.OpenRegistry(0, p.Log)
			if err != nil {
				return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
			}
			defer func() { _ = reg.Close() }()
			return gateway.Run(ctx, p, cfg, reg)
		},
	}))
}
