package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/memactor/inspect"
)

func newShards() *cobra.Command {
	return newLook(daemon.Spec{
		Name:  "shards",
		Short: "List which node owns which shards of a cluster",
		Long: `shards lists the shard map. In the table, neighbouring shards of one owner are one row, and
"served by" is another node than the owner, or nobody, while a shard is on its way. --json has
every shard, with its epoch.`,
		Example: `  memactor shards --consul 127.0.0.1:8500 --cluster shop
  memactor shards --ask 10.0.0.1:7411 --json`,
	}, func(out io.Writer, v *inspect.View, asJSON bool) error {
		return printView(out, asJSON, v.ShardsTable(), v.Shards())
	})
}
