package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/memactor/memactor/cluster/daemon"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "memactor",
		Short: "A memcached that is a cluster: develop against it, look at it, measure it",
		Long: `memactor is a memcached that is a cluster: any memcached client talks to a gateway,
and every key is held by an actor of its own on a shard node.

This is its command line for people. The processes of a cluster are gateway and shardnode.`,
		Example: `  memactor dev                                   a whole cluster in one process, on 127.0.0.1:11211
  memactor status --consul 127.0.0.1:8500        a running cluster: is it whole?
  memactor bench -s 127.0.0.1:11211 --populate   measure it, or any other memcached server`,
		Version:       daemon.Version(),
		Args:          knownCommand,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate(daemon.VersionLine("memactor") + "\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w: %w (--help lists the commands)", daemon.ErrConfig, err)
	})
	root.AddCommand(newDev(), newStatus(), newNodes(), newShards(), newRoute(), newDrain(), newBench(), newVersion())
	return root
}

// knownCommand is asked about what is no command: a misspelt one, if anything.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "--help lists them"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	return fmt.Errorf("%w: no such command: %q (%s)", daemon.ErrConfig, args[0], hint)
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), daemon.VersionLine("memactor"))
			return err
		},
	}
}
