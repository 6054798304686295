package shardnode

import (
	"fmt"
	"net"
	"os"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
)

// Config is the shard node's configuration. The short flags mean what memcached's do.
type Config struct {
	daemon.Common
	daemon.Runtime

	// ID is the node's name, unique in the cluster and kept over restarts.
	ID string `name:"id" usage:"name of the node, unique in the cluster (default: the host's name)"`

	// GRPC is where the node is served, and where the others look for it: the host
	// must be one that they can reach.
	GRPC string `name:"grpc" usage:"serve gRPC on HOST:PORT" kind:"address port0"`

	// Zone tells which nodes fail together: copies of a shard go to different zones.
	Zone string `name:"zone" usage:"where the node stands, such as a rack or a data centre's zone"`

	// Memory is for entries, with all that they cost. Over it the least recently
	// used entry of a shard is evicted.
	Memory daemon.Size `name:"memory-limit" short:"m" usage:"memory for items, in megabytes" unit:"1m" range:"1m.."`

	// MaxItem is the largest item: key, value and memcached's header (about 50
	// bytes). It must be no less than the gateways'.
	MaxItem daemon.Size `name:"max-item-size" short:"I" usage:"largest item" unit:"1b" range:"1k..128m"`

	// Nodes is the static list: every gateway and node is given the same. Without
	// it the node is a cluster of itself.
	Nodes []string `name:"node" usage:"a shard node as ID=HOST:PORT; repeat for each, the same list everywhere"`
}

// Default is a node on loopback with memcached's limits.
func Default() Config {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return Config{
		Common: daemon.DefaultCommon(), ID: host, GRPC: "127.0.0.1:7411", Memory: 64 * daemon.MiB, MaxItem: daemon.MiB,
	}
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if err := daemon.Check(&c); err != nil {
		return err
	}
	if _, err := registry.ParseNodes(c.Nodes); err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	if c.ID == "" {
		return fmt.Errorf("%w: id %q: allowed: a name", daemon.ErrConfig, c.ID)
	}
	if c.MaxItem > c.Memory {
		return fmt.Errorf("%w: max-item-size %q: allowed: no more than memory-limit, %s", daemon.ErrConfig, c.MaxItem, c.Memory)
	}
	if _, _, err := net.SplitHostPort(c.GRPC); err != nil {
		return fmt.Errorf("%w: grpc %q: %w: allowed: HOST:PORT", daemon.ErrConfig, c.GRPC, err)
	}
	return nil
}
