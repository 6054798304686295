package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/memactor/memactor/cluster/certs"
	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/memactor/inspect"
)

// clusterConfig says which cluster to look at, and how to show it.
type clusterConfig struct {
	registry.ConsulSettings
	certs.Mutual

	// Nodes is the list that the processes of a static cluster have.
	Nodes []string `name:"node" usage:"without Consul: a shard node as ID=HOST:PORT; repeat for each, the list that the cluster has"`

	// Ask is for when Consul is down, and for clusters that have none.
	Ask string `name:"ask" usage:"go by the shard map that the node at HOST:PORT acts on, such as when Consul is down" kind:"address"`

	Timeout time.Duration `name:"timeout" usage:"how long to wait for each node"`
	JSON    bool          `name:"json" usage:"print JSON"`
}

func defaultCluster() clusterConfig { return clusterConfig{Timeout: 2 * time.Second} }

// errNoSource says what names a cluster.
var errNoSource = errors.New("no cluster is named: allowed: one of --consul HOST:PORT (with --cluster NAME), --node ID=HOST:PORT for each node, --ask HOST:PORT")

// Validate implements daemon.Config.
func (c clusterConfig) Validate() error {
	if err := c.CheckConsul(); err != nil {
		return err
	}
	named := 0
	for _, given := range []bool{c.UsesConsul(), len(c.Nodes) > 0, c.Ask != ""} {
		if given {
			named++
		}
	}
	switch {
	case named == 0:
		return errNoSource
	case named > 1:
		return fmt.Errorf("consul %q, node %q, ask %q: allowed: one of them", c.Consul, c.Nodes, c.Ask)
	case c.Timeout <= 0:
		return fmt.Errorf("timeout %q: allowed: more than 0s", c.Timeout)
	}
	if len(c.Nodes) == 0 {
		return nil
	}
	_, err := c.list()
	return err
}

// list is the static cluster.
func (c clusterConfig) list() (inspect.Source, error) {
	nodes, err := registry.ParseNodes(c.Nodes)
	if err != nil {
		return nil, err
	}
	return inspect.FromList(nodes)
}

func (c clusterConfig) dialer() (*inspect.Dialer, error) {
	mesh, err := c.OpenMutual()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	return &inspect.Dialer{
		Timeout: c.Timeout, Options: []grpc.DialOption{grpc.WithTransportCredentials(mesh.Credentials())},
	}, nil
}

// source is where the look at the cluster begins. Call done after it.
func (c clusterConfig) source(dialer *inspect.Dialer) (source inspect.Source, done func(), err error) {
	nothing := func() {}
	switch {
	case c.Ask != "":
		return inspect.FromNode(c.Ask, dialer), nothing, nil
	case len(c.Nodes) > 0:
		source, err := c.list()
		return source, nothing, err
	}
	reg, source, err := openConsul(c.ConsulSettings)
	if err != nil {
		return nil, nothing, err
	}
	return source, func() { _ = reg.Close() }, nil
}

// openConsul is the registry that the settings name, and the look at its cluster.
func openConsul(s registry.ConsulSettings) (*registry.Consul, inspect.Source, error) {
	options := s.ConsulOptions()
	options.Log = zerolog.Nop() // what goes wrong is an error here
	reg, err := registry.NewConsul(options)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	return reg, inspect.FromConsul(reg), nil
}

// newLook makes a command that takes a look at a cluster and shows it.
func newLook(spec daemon.Spec, show func(out io.Writer, v *inspect.View, asJSON bool) error) *cobra.Command {
	cfg := defaultCluster()
	var cmd *cobra.Command
	spec.Config = &cfg
	spec.Run = func(ctx context.Context, _ daemon.Process) error {
		dialer, err := cfg.dialer()
		if err != nil {
			return err
		}
		source, done, err := cfg.source(dialer)
		if err != nil {
			return err
		}
		defer done()
		v, err := inspect.Look(ctx, source, dialer)
		if err != nil {
			return err
		}
		return show(cmd.OutOrStdout(), v, cfg.JSON)
	}
	cmd = daemon.Command(spec)
	return cmd
}

// printView prints a table, or the value that is behind it as JSON.
func printView(out io.Writer, asJSON bool, table string, value any) error {
	if !asJSON {
		_, err := io.WriteString(out, table)
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// oneArg wants exactly one argument, which is called name.
func oneArg(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("arguments %q: allowed: one %s", args, name)
		}
		return nil
	}
}
