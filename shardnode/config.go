package shardnode

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// Config is the shard node's configuration. The short flags mean what memcached's do.
type Config struct {
	daemon.Common
	daemon.Runtime
	registry.Settings

	// ID is the node's name, unique in the cluster and kept over restarts.
	ID string `name:"id" usage:"name of the node, unique in the cluster (default: the host's name)"`

	// GRPC is where the node is served.
	GRPC string `name:"grpc" usage:"serve gRPC on HOST:PORT" kind:"address port0"`

	// Advertise is where the others look for the node: they must be able to reach
	// it. Behind 0.0.0.0 it is the machine's private IPv4 address, if there is one.
	Advertise string `name:"advertise" usage:"HOST:PORT that gateways and nodes are told (default: that of --grpc)" kind:"address port0"`

	// Zone tells which nodes fail together: copies of a shard go to different zones.
	Zone string `name:"zone" usage:"where the node stands, such as a rack or a data centre's zone"`

	// Weight is the node's share of the shards next to the other nodes' weights.
	Weight int `name:"weight" usage:"share of the shards, relative to the other nodes" range:"1..65536"`

	// Memory is for entries, with all that they cost. Over it the least recently
	// used entry of a shard is evicted, unless NoEviction says otherwise.
	Memory daemon.Size `name:"memory-limit" short:"m" usage:"memory for items, in megabytes" unit:"1m" range:"1m.."`

	// NoEviction is memcached's -M.
	NoEviction bool `name:"disable-evictions" short:"M" usage:"when memory is exhausted, refuse to store instead of evicting"`

	// MaxItem is the largest item: key, value and memcached's header (about 50
	// bytes). It must be no less than the gateways'.
	MaxItem daemon.Size `name:"max-item-size" short:"I" usage:"largest item" unit:"1b" range:"1k..128m"`

	// PrefixDelimiter has the node count by prefixes from its start, for stats detail.
	PrefixDelimiter string `name:"prefix-delimiter" short:"D" usage:"count by the part of a key before this character from the start, for stats detail"`

	// Shards is fixed when a cluster is created. A node that is set to another
	// number than its cluster has is refused.
	Shards int `name:"shards" usage:"shards of the cluster, a power of two (0: as many as it has, 1024 if it is new)" range:"0..65536"`

	// Debug is for tests that cannot wait: whoever reaches the node may let all its
	// entries expire.
	Debug bool `name:"debug" usage:"let clients move the clock by which entries expire, for tests"`
}

// Default is a node on loopback with memcached's limits.
func Default() Config {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return Config{
		Common: daemon.DefaultCommon(), ID: host, GRPC: "127.0.0.1:7411", Weight: 1,
		Memory: 64 * daemon.MiB, MaxItem: daemon.MiB,
	}
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if err := daemon.Check(&c); err != nil {
		return err
	}
	if err := (shard.Node{ID: c.ID}).Validate(); err != nil {
		return fmt.Errorf("%w: id %q: allowed: a name of letters, digits, '.', '-', '_' and ':'", daemon.ErrConfig, c.ID)
	}
	if c.MaxItem > c.Memory {
		return fmt.Errorf("%w: max-item-size %q: allowed: no more than memory-limit, %s", daemon.ErrConfig, c.MaxItem, c.Memory)
	}
	if len(c.PrefixDelimiter) > 1 {
		return fmt.Errorf("%w: prefix-delimiter %q: allowed: one character", daemon.ErrConfig, c.PrefixDelimiter)
	}
	if _, _, err := net.SplitHostPort(c.GRPC); err != nil {
		return fmt.Errorf("%w: grpc %q: %w: allowed: HOST:PORT", daemon.ErrConfig, c.GRPC, err)
	}
	return c.validateCluster()
}

func (c Config) validateCluster() error {
	if err := c.CheckRegistry(); err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	if len(c.Nodes) > 0 && c.Weight != 1 {
		return fmt.Errorf("%w: weight %q: allowed: 1: the list of nodes knows no weights", daemon.ErrConfig, strconv.Itoa(c.Weight))
	}
	if len(c.Nodes) > 0 && c.Shards != 0 {
		return fmt.Errorf("%w: shards %q: allowed: 0 with a list of nodes", daemon.ErrConfig, strconv.Itoa(c.Shards))
	}
	if _, err := shard.Bits(max(c.Shards, 1)); err != nil {
		return fmt.Errorf("%w: shards %q: allowed: a power of two, or 0", daemon.ErrConfig, strconv.Itoa(c.Shards))
	}
	_, err := c.advertised(c.GRPC)
	return err
}

// advertised is the address that the others are told of a node that listens on
// listening.
func (c Config) advertised(listening string) (string, error) {
	if c.Advertise == "" && !c.UsesConsul() {
		return listening, nil // nobody is told
	}
	return daemon.Advertised(c.Advertise, listening)
}
