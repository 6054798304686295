// Command shardnode hosts shards of a memactor cluster.
package main

import (
	"context"

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
			reg, err := open(cfg)
			if err != nil {
				return err
			}
			return shardnode.Run(ctx, p, cfg, reg)
		},
	}))
}

// open is the registry that the configuration names; nil: the node is alone.
func open(cfg shardnode.Config) (registry.Registry, error) {
	if len(cfg.Nodes) == 0 {
		return nil, nil
	}
	nodes, err := registry.ParseNodes(cfg.Nodes)
	if err != nil {
		return nil, err
	}
	return registry.NewStatic(nodes, 0)
}
