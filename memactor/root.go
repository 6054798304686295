package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1 // the command was understood and did not succeed
	exitUsage = 2 // it was not understood
)

// errUsage marks an error in the command line itself.
var errUsage = errors.New("see --help")

// run is the program without its process: args in, output and exit code out.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(stderr, "memactor: %v\n", err)
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitError
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "memactor",
		Short: "A memcached that is a cluster: develop against it, measure it",
		Long: `memactor is a memcached that is a cluster: any memcached client talks to a gateway,
and every key is held by an actor of its own on a shard node.

This is its command line for people. The processes of a cluster are gateway and shardnode.`,
		Example: `  memactor dev                                   a whole cluster in one process, on 127.0.0.1:11211
  memactor bench -s 127.0.0.1:11211 --populate   measure it, or any other memcached server`,
		Args:          noArguments,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; %w", err, usageOf(cmd))
	})
	root.AddCommand(newBench(), newVersion())
	return root
}

// noArguments refuses what is no flag: a forgotten dash, a misspelt command.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%q is neither a command nor a flag; %w", args[0], usageOf(cmd))
}

// usageOf names the help that fits; it is an errUsage.
func usageOf(cmd *cobra.Command) error {
	return usageError{cmd.CommandPath()}
}

type usageError struct{ command string }

func (u usageError) Error() string        { return "see " + u.command + " --help" }
func (u usageError) Is(target error) bool { return target == errUsage }
