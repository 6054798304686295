package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/memactor/load"
)

// errBench is a run that had errors: its figures are printed, and are not to be trusted.
var errBench = errors.New("the run had errors")

// benchConfig is load.Config as flags, and how to print the result.
type benchConfig struct {
	Server      string        `name:"server"      short:"s" usage:"host:port, or the path of a unix socket"`
	Protocol    string        `name:"protocol"              usage:"text (get and set) or meta (mg and ms)"`
	Connections int           `name:"connections" short:"c" usage:"connections, all open for the whole run"`
	Pipeline    int           `name:"pipeline"              usage:"commands in flight on each connection"`
	Ratio       string        `name:"ratio"                 usage:"SETS:GETS"`
	Keys        int           `name:"keys"                  usage:"size of the key space; keys are drawn uniformly"`
	Size        daemon.Size   `name:"size"                  usage:"bytes of each value"`
	Multiget    int           `name:"multiget"              usage:"keys of each get (0: the plain get of one key)"`
	Seconds     float64       `name:"seconds"               usage:"how long to measure"`
	Populate    bool          `name:"populate"              usage:"store every key first, so that gets hit"`
	Threads     int           `name:"threads"               usage:"event loops; more than one only if it uses a whole core"`
	Timeout     time.Duration `name:"timeout"               usage:"for connecting, and for each reply"`
	Seed        int           `name:"seed"                  usage:"of the random keys"`
	JSON        bool          `name:"json"                  usage:"print the result as JSON, latencies in microseconds"`
}

func defaultBench() benchConfig {
	d := load.Default()
	return benchConfig{
		Server: d.Server, Protocol: d.Protocol.String(), Connections: d.Connections, Pipeline: d.Pipeline, Ratio: d.Ratio.String(),
		Keys: d.Keys, Size: daemon.Size(d.Size), Multiget: d.Multiget, Seconds: d.Duration.Seconds(),
		Populate: d.Populate, Threads: d.Threads, Timeout: d.Timeout, Seed: int(d.Seed),
	}
}

// Validate implements daemon.Config.
func (c benchConfig) Validate() error {
	_, err := c.load()
	return err
}

// load is the same in the generator's own terms.
func (c benchConfig) load() (load.Config, error) {
	ratio, err := load.ParseRatio(c.Ratio)
	if err != nil {
		return load.Config{}, err
	}
	protocol, err := load.ParseProtocol(c.Protocol)
	if err != nil {
		return load.Config{}, err
	}
	cfg := load.Config{
		Server: c.Server, Protocol: protocol, Connections: c.Connections, Pipeline: c.Pipeline, Ratio: ratio,
		Keys: c.Keys, Size: int(c.Size), Multiget: c.Multiget,
		Duration: time.Duration(c.Seconds * float64(time.Second)),
		Populate: c.Populate, Threads: c.Threads, Timeout: c.Timeout, Seed: uint64(c.Seed),
	}
	return cfg, cfg.Validate()
}

func newBench() *cobra.Command {
	cfg := defaultBench()
	var cmd *cobra.Command
	cmd = daemon.Command(daemon.Spec{
		Name:  "bench",
		Short: "Put load on a memcached server, check every reply, measure",
		Long: `bench sends sets and gets to any server that speaks memcached's text protocol, as classic or
(--protocol meta) as meta commands, checks every reply (the right key, in the right order,
with the value that was stored), and prints throughput and latency. Each connection keeps its
whole pipeline in flight: as replies come, as many new commands are sent as were answered, in
one write.

The exit code is 1 if anything went wrong: an error reply, a wrong reply, a connection that
broke. Keys are named b<size>-<number>; nothing else on the server is touched.`,
		Example: `  memactor bench --populate                              50 connections, one command at a time each
  memactor bench -c 50 --pipeline 32 --populate          with 32 commands in flight on each
  memactor bench -c 10 --multiget 100 --ratio 0:1        gets of 100 keys
  memactor bench --protocol meta --pipeline 32           mg and ms instead of get and set
  memactor bench -s /run/memactor.sock --seconds 2 --json`,
		Config: &cfg,
		Run: func(ctx context.Context, _ daemon.Process) error {
			return bench(ctx, cfg, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	})
	return cmd
}

func bench(ctx context.Context, cfg benchConfig, out, terminal io.Writer) error {
	what, err := cfg.load()
	if err != nil {
		return err
	}
	progress, wipe := newProgress(terminal)
	what.Progress = progress
	load.GOMAXPROCS(what.Threads)
	result, err := load.Run(ctx, what)
	wipe()
	if err != nil {
		return err
	}
	if err := printResult(out, result, cfg.JSON); err != nil {
		return err
	}
	if n := result.Errors.Sum(); n > 0 {
		return fmt.Errorf("%w: %d", errBench, n)
	}
	return nil
}

func printResult(out io.Writer, result *load.Result, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(out, resultTable(result))
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}
