package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/memactor/inspect"
)

func newNodes() *cobra.Command {
	return newLook(daemon.Spec{
		Name:  "nodes",
		Short: "List the shard nodes of a cluster, with what each holds",
		Long: `nodes lists the shard nodes: zone, state, address, shards by the map, keys and memory, and the
version of the shard map that each acts on. A node that does not answer is a row that says so,
and no error.`,
		Example: `  memactor nodes --consul 127.0.0.1:8500 --cluster shop
  memactor nodes --ask 10.0.0.1:7411 --json`,
	}, func(out io.Writer, v *inspect.View, asJSON bool) error {
		return printView(out, asJSON, v.NodesTable(), v.Nodes)
	})
}
