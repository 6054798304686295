package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/certs"
)

// Settings are how a gateway or a shard node finds its cluster: through Consul, or
// by a list of nodes that every process is given; and how it proves there that it
// belongs to it. Embed them in the config struct.
type Settings struct {
	ConsulSettings
	certs.Mutual

	// Nodes is the static list: every gateway and node is given the same. Nobody
	// joins and nobody leaves.
	Nodes []string `name:"node" usage:"without Consul: a shard node as ID=HOST:PORT; repeat for each, the same list everywhere"`

	// MapCopy is what the process starts from while Consul is down. Without Consul
	// it is not used.
	MapCopy string `name:"map-copy" usage:"file that keeps the newest shard map, to start from while Consul is down"`
}

// CheckRegistry says what is wrong with the settings. The error is ErrOptions, and
// names the setting, its value, and what is allowed.
func (s Settings) CheckRegistry() error {
	if _, err := ParseNodes(s.Nodes); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	if _, err := s.OpenMutual(); err != nil {
		return fmt.Errorf("%w: %w; allowed: none of the grpc files, or all", ErrOptions, err)
	}
	if err := s.CheckConsul(); err != nil || !s.UsesConsul() {
		return err
	}
	if len(s.Nodes) > 0 {
		return wrong("node", strings.Join(s.Nodes, ","), "either a list of nodes or consul")
	}
	if s.MapCopy == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(s.MapCopy)); err != nil || !info.IsDir() {
		return wrong("map-copy", s.MapCopy, "a file in a directory that exists")
	}
	return nil
}

// ErrNoCluster is a process that was told of no cluster.
var ErrNoCluster = errors.New("no cluster is named: give consul, or node for each shard node")

// OpenRegistry is the registry that the settings name: a Consul or a Static, or
// ErrNoCluster. shards is ConsulOptions.Shards.
func (s Settings) OpenRegistry(shards int, log zerolog.Logger) (Registry, error) {
	if s.UsesConsul() {
		o := s.ConsulOptions()
		o.Copy, o.Shards, o.Log, o.CheckTLS = s.MapCopy, shards, log, s.Enabled()
		c, err := NewConsul(o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	if len(s.Nodes) == 0 {
		return nil, ErrNoCluster
	}
	nodes, err := ParseNodes(s.Nodes)
	if err != nil {
		return nil, err
	}
	static, err := NewStatic(nodes, 0)
	if err != nil {
		return nil, err
	}
	return static, nil
}
