// Command gateway serves memcached clients from the shard nodes of a cluster.
package main

import (
	"context"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/gateway"
)

func main() {
	cfg := gateway.Default()
	daemon.Main(daemon.Command(daemon.Spec{
		Name:   "gateway",
		Short:  "Serve memcached clients from a memactor cluster",
		Config: &cfg,
		Run: func(ctx context.Context, p daemon.Process) error {
			maps, err := maps(cfg)
			if err != nil {
				return err
			}
			return gateway.Run(ctx, p, cfg, maps)
		},
	}))
}

// maps is where the gateway learns of the shard map.
func maps(cfg gateway.Config) (registry.Maps, error) {
	nodes, err := registry.ParseNodes(cfg.Nodes)
	if err != nil {
		return nil, err
	}
	return registry.NewStatic(nodes, 0)
}
