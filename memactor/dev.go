package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/gateway"
	"github.com/memactor/memactor/shardnode"
)

// devConfig is a whole cluster's configuration. The short flags mean what memcached's do, for the cluster as one server.
type devConfig struct {
	daemon.Common
	daemon.Runtime

	Listen []string `name:"listen" short:"l" usage:"address to listen on; repeat or separate by commas"`
	Port   int      `name:"port" short:"p" usage:"TCP port (0: 11211, or none with --socket; -1: any free port)" range:"-1..65535"`
	Socket string   `name:"socket" short:"s" usage:"path of a unix socket to listen on"`

	// Nodes are the shard nodes. Each is served by gRPC on a loopback port of its own, as if it ran elsewhere.
	Nodes int `name:"nodes" usage:"shard nodes" range:"1..100"`

	// Memory is for all nodes together: each gets its part.
	Memory daemon.Size `name:"memory-limit" short:"m" usage:"memory for items, of all nodes together, in megabytes" unit:"1m" range:"1m.."`

	MaxItem  daemon.Size `name:"max-item-size" short:"I" usage:"largest item" unit:"1b" range:"1k..128m"`
	MaxConns int         `name:"max-connections" short:"c" usage:"connections served at once" range:"1..1000000"`
}

func defaultDev() devConfig {
	g, n := gateway.Default(), shardnode.Default()
	return devConfig{
		Common: daemon.DefaultCommon(), Listen: g.Listen, Port: g.Port, Socket: g.Socket,
		Nodes: 3, Memory: n.Memory, MaxItem: g.MaxItem, MaxConns: g.MaxConns,
	}
}

// Validate implements daemon.Config: what the parts think of their parts of it.
func (c devConfig) Validate() error {
	if c.Memory/daemon.Size(c.Nodes) < daemon.MiB {
		return fmt.Errorf("memory-limit %s: %d nodes need 1m each", c.Memory, c.Nodes)
	}
	if err := c.gateway().Validate(); err != nil {
		return err
	}
	return c.node(1).Validate()
}

func (c devConfig) gateway() gateway.Config {
	g := gateway.Default()
	g.Listen, g.Port, g.Socket = c.Listen, c.Port, c.Socket
	g.MaxConns, g.MaxItem = c.MaxConns, c.MaxItem
	return g
}

// node is the n-th node's configuration, from 1.
func (c devConfig) node(n int) shardnode.Config {
	s := shardnode.Default()
	s.ID = "n" + strconv.Itoa(n)
	s.GRPC = "127.0.0.1:0"
	s.Memory, s.MaxItem = c.Memory/daemon.Size(c.Nodes), c.MaxItem
	return s
}

func newDev() *cobra.Command {
	cfg := defaultDev()
	var cmd *cobra.Command
	cmd = daemon.Command(daemon.Spec{
		Name:  "dev",
		Short: "Serve memcached clients from a whole cluster in this one process",
		Long: `dev starts one gateway and some shard nodes in this process and serves memcached clients, by
default on 127.0.0.1:11211. The parts talk to each other by gRPC over loopback, as they do when
they are processes of their own; only the registry is in memory. Nothing is stored: what is in
the cluster is gone when the process ends.`,
		Example: `  memactor dev
  memactor dev -p 0 -s /tmp/memactor.sock
  memactor dev --nodes 5 -m 1024 --admin 127.0.0.1:11212`,
		Config: &cfg,
		Run: func(ctx context.Context, p daemon.Process) error {
			if cfg.Port < 0 && len(cfg.Listen) > 0 {
				port, err := freePort(cfg.Listen[0])
				if err != nil {
					return err
				}
				cfg.Port = port
			}
			return dev(ctx, p, cfg, cmd.OutOrStdout())
		},
	})
	return cmd
}

// freePort is a port of host on which nothing listens now: "any free port", as one that can be printed.
func freePort(host string) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("listen %s: %w", host, err)
	}
	_, text, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(text)
	return port, errors.Join(err, listener.Close())
}
