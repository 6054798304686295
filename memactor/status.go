package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/memactor/inspect"
)

// errNotWhole is a cluster in which something is wrong: what, was printed.
var errNotWhole = errors.New("the cluster is not whole")

func newStatus() *cobra.Command {
	return newLook(daemon.Spec{
		Name:  "status",
		Short: "Show whether a cluster is whole: nodes, gateways, shard map, moves",
		Long: `status asks Consul who should be there, and every node, all at once, what it holds and which
shard map it acts on. A node that does not answer within --timeout is a row that says so.

The exit code is 0 if the cluster is whole: every shard is served by its owner, a coordinator
is elected, every node answers and every gateway is well. It is 1 if it is not, and the lines
that begin with ! say why; it is 2 if the command line is wrong.`,
		Example: `  memactor status --consul 127.0.0.1:8500 --cluster shop
  memactor status --consul 127.0.0.1:8500 --json
  memactor status --ask 10.0.0.1:7411                     Consul is down: by the map that this node has
  memactor status --node a=10.0.0.1:7411 --node b=10.0.0.2:7411`,
	}, func(out io.Writer, v *inspect.View, asJSON bool) error {
		if err := printView(out, asJSON, v.StatusTable(), v); err != nil {
			return err
		}
		if n := len(v.Problems); n > 0 {
			return fmt.Errorf("%w (problems: %d)", errNotWhole, n)
		}
		return nil
	})
}
