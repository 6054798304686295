package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/cluster/daemon"
)

// maxKey is memcached's limit, in bytes.
const maxKey = 250

type routeConfig struct {
	clusterConfig

	Base64 bool `name:"base64" usage:"KEY is written in base64, for keys that are not text"`
}

func newRoute() *cobra.Command {
	cfg := routeConfig{clusterConfig: defaultCluster()}
	var cmd *cobra.Command
	cmd = daemon.Command(daemon.Spec{
		Name:  "route",
		Short: "Show where a key lives: shard, epoch, node",
		Long: `route shows which shard a key belongs to and which node owns that. No node is asked, save with
--ask: the map says it. Whether there is such a key it does not say.`,
		Example: `  memactor route --consul 127.0.0.1:8500 --cluster shop user:42
  memactor route --node a=10.0.0.1:7411 --node b=10.0.0.2:7411 user:42
  memactor route --consul 127.0.0.1:8500 --base64 AAECAw==`,
		Config: &cfg,
		Args:   oneArg("KEY"),
		Run: func(ctx context.Context, p daemon.Process) error {
			return route(ctx, cfg, p.Args[0], cmd.OutOrStdout())
		},
	})
	cmd.Use = "route KEY"
	return cmd
}

func route(ctx context.Context, cfg routeConfig, text string, out io.Writer) error {
	key, err := parseKey(text, cfg.Base64)
	if err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	dialer, err := cfg.dialer()
	if err != nil {
		return err
	}
	source, done, err := cfg.source(dialer)
	if err != nil {
		return err
	}
	defer done()
	roster, err := source.Roster(ctx)
	if err != nil {
		return err
	}
	found := roster.Find(key)
	found.Key, found.Base64 = text, cfg.Base64
	return printView(out, cfg.JSON, found.Table(), found)
}

// parseKey is the key that an argument means, by memcached's rules.
func parseKey(text string, isBase64 bool) ([]byte, error) {
	key := []byte(text)
	if isBase64 {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, fmt.Errorf("key %q: allowed with --base64: base64 with its padding", text)
		}
	} else if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, fmt.Errorf("key %q: allowed: no blanks and no control characters (--base64 takes any bytes)", text)
	}
	if len(key) == 0 || len(key) > maxKey {
		return nil, fmt.Errorf("key %q: allowed: 1 to %d bytes", text, maxKey)
	}
	return key, nil
}
