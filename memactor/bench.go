package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/memactor/load"
)

// errBench is a run that had errors: its figures are printed, and are not to be trusted.
var errBench = errors.New("the run had errors")

// benchOptions are the flags that are not a field of load.Config.
type benchOptions struct {
	ratio   string
	seconds float64
	json    bool
}

func newBench() *cobra.Command {
	cfg := load.Default()
	options := benchOptions{ratio: cfg.Ratio.String(), seconds: cfg.Duration.Seconds()}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Put load on a memcached server, check every reply, measure",
		Long: `bench sends sets and gets to any server that speaks memcached's text protocol, checks every
reply (the right key, in the right order, with the value that was stored), and prints
throughput and latency. Each connection keeps its whole pipeline in flight: as replies come,
as many new commands are sent as were answered, in one write.

The exit code is 1 if anything went wrong: an error reply, a wrong reply, a connection that
broke. Keys are named b<size>-<number>; nothing else on the server is touched.`,
		Example: `  memactor bench --populate                              50 connections, one command at a time each
  memactor bench -c 50 --pipeline 32 --populate          with 32 commands in flight on each
  memactor bench -c 10 --multiget 100 --ratio 0:1        gets of 100 keys
  memactor bench -s /run/memactor.sock --seconds 2 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return bench(cmd, cfg, options) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&cfg.Server, "server", "s", cfg.Server, "host:port, or the path of a unix socket")
	flags.IntVarP(&cfg.Connections, "connections", "c", cfg.Connections, "connections, all open for the whole run")
	flags.IntVar(&cfg.Pipeline, "pipeline", cfg.Pipeline, "commands in flight on each connection")
	flags.StringVar(&options.ratio, "ratio", options.ratio, "SETS:GETS")
	flags.IntVar(&cfg.Keys, "keys", cfg.Keys, "size of the key space; keys are drawn uniformly")
	flags.IntVar(&cfg.Size, "size", cfg.Size, "bytes of each value")
	flags.IntVar(&cfg.Multiget, "multiget", cfg.Multiget, "keys of each get (0: the plain get of one key)")
	flags.Float64Var(&options.seconds, "seconds", options.seconds, "how long to measure")
	flags.BoolVar(&cfg.Populate, "populate", cfg.Populate, "store every key first, so that gets hit")
	flags.IntVar(&cfg.Threads, "threads", cfg.Threads, "event loops; more than one only if it uses a whole core")
	flags.DurationVar(&cfg.Timeout, "timeout", cfg.Timeout, "for connecting, and for each reply")
	flags.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "of the random keys")
	flags.BoolVar(&options.json, "json", options.json, "print the result as JSON, latencies in microseconds")
	flags.SortFlags = false
	return cmd
}

func bench(cmd *cobra.Command, cfg load.Config, options benchOptions) error {
	ratio, err := load.ParseRatio(options.ratio)
	if err != nil {
		return fmt.Errorf("%w; %w", err, usageOf(cmd))
	}
	cfg.Ratio = ratio
	cfg.Duration = time.Duration(options.seconds * float64(time.Second))
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("%w; %w", err, usageOf(cmd))
	}
	progress, clear := newProgress(cmd.ErrOrStderr())
	cfg.Progress = progress
	load.GOMAXPROCS(cfg.Threads)
	result, err := load.Run(cmd.Context(), cfg)
	clear()
	if err != nil {
		return err
	}
	if err := printResult(cmd.OutOrStdout(), result, options.json); err != nil {
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
