package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Spec is one process, or one subcommand of a program.
type Spec struct {
	// Name is the command, and names its section of the environment.
	Name string
	// Short, Long and Example are what --help says.
	Short, Long, Example string
	// Config points to the config struct, which holds the defaults. It is filled
	// before Run is called. Where it embeds [Common], the process gets an admin
	// port, a logger, signals and a drain limit; without it, a plain command.
	Config Config
	// Run does the work until ctx ends, then drains and returns nil.
	Run func(ctx context.Context, p Process) error
	// Args are the positional arguments that Run takes from [Process.Args].
	Args cobra.PositionalArgs

	// Foreign is what scripts for another program may say.
	Foreign Foreign

	// Environ and Signals are the process's own when they are nil; tests hand in
	// others.
	Environ []string
	Signals <-chan os.Signal
}

// processes are the sections of the environment: MEMACTOR_<PROCESS>_... is for
// that one only. A new command adds its name here.
func processes() []string {
	return []string{"gateway", "shardnode", "dev", "bench", "status", "nodes", "shards", "route", "drain"}
}

// Exit codes of every memactor command.
const (
	ExitOK     = 0 // it did what it was asked, or was asked to stop
	ExitFailed = 1 // it could not go on
	ExitUsage  = 2 // the command line or the configuration is wrong
)

// Command makes the command of a process: a flag for each setting, and
// --config, --test, --check and --version.
func Command(spec Spec) *cobra.Command {
	c := &command{spec: spec, fields: fieldsOf(spec.Config)}
	cmd := &cobra.Command{
		Use:           spec.Name,
		Short:         spec.Short,
		Long:          spec.Long,
		Example:       spec.Example,
		Args:          argsOf(spec),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          c.run,
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return explainFlag(cmd.Flags(), err) })
	c.addFlags(cmd.Flags())
	return cmd
}

func argsOf(spec Spec) cobra.PositionalArgs {
	check := spec.Args
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
		return nil
	}
}

// Main runs the command line of the process and exits.
func Main(cmd *cobra.Command) {
	os.Exit(Execute(context.Background(), cmd, os.Args[1:]))
}

// Execute runs cmd with args and returns the exit code; errors are printed to
// the command's standard error, one per line.
func Execute(ctx context.Context, cmd *cobra.Command, args []string) int {
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", cmd.Name(), line)
	}
	if errors.Is(err, ErrConfig) {
		return ExitUsage
	}
	return ExitFailed
}

// command is the state of one command line.
type command struct {
	spec   Spec
	fields []field
	flags  []*flagValue

	file                        string
	showVersion, test, askReady bool
	idle                        []string // options that mean nothing
}

func (c *command) addFlags(set *pflag.FlagSet) {
	set.SortFlags = false
	c.flags = addFlags(set, c.fields)
	c.spec.Foreign.addRefused(set)
	set.SetNormalizeFunc(c.spec.Foreign.translate)
	set.StringVar(&c.file, "config", "", "read settings from this YAML `FILE`; flags and environment win")
	set.BoolVarP(&c.test, "test", "t", false, "test the configuration, print it with its sources, and exit")
	set.BoolVarP(&c.showVersion, "version", "V", false, "print the version and exit")
	if c.common() != nil {
		set.BoolVar(&c.askReady, "check", false, "ask the running process's admin port whether it is ready, and exit (health checks)")
	}
}

func (c *command) run(cmd *cobra.Command, args []string) error {
	if c.showVersion {
		fmt.Fprintln(cmd.OutOrStdout(), VersionLine(c.spec.Name))
		return nil
	}
	from, err := c.load()
	switch {
	case err != nil:
		return err
	case c.test:
		return c.printTest(cmd.OutOrStdout(), from)
	case c.askReady:
		return askReady(cmd.Context(), cmd.OutOrStdout(), c.common().Admin)
	}
	return c.start(cmd, args)
}

// load layers the settings into the config struct and validates it.
func (c *command) load() (*loader, error) {
	env, err := environment(c.environ(), c.spec.Name, processes(), c.fields)
	if err != nil {
		return nil, err
	}
	file, err := readFile(c.path(env), c.fields)
	if err != nil {
		return nil, err
	}
	from := newLoader(c.fields)
	for _, l := range []layer{file, env, flagLayer(c.flags)} {
		idle, err := c.spec.Foreign.expand(l)
		if err != nil {
			return nil, err
		}
		c.idle = append(c.idle, idle...)
		if err := from.add(l); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	if err := from.fill(); err != nil {
		return nil, err
	}
	return from, c.validate()
}

func (c *command) validate() error {
	if err := Check(c.spec.Config); err != nil {
		return err
	}
	err := c.spec.Config.Validate()
	if err == nil || errors.Is(err, ErrConfig) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrConfig, err)
}

// path is the file to read; --config wins over MEMACTOR_CONFIG.
func (c *command) path(env layer) string {
	if c.file != "" || len(env.values[envConfig]) == 0 {
		return c.file
	}
	return env.values[envConfig][0]
}

func (c *command) environ() []string {
	if c.spec.Environ != nil {
		return c.spec.Environ
	}
	return os.Environ()
}

// printTest answers --test: each setting, its value, and where it comes from.
func (c *command) printTest(w io.Writer, from *loader) error {
	fmt.Fprintln(w, "configuration ok")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range c.fields {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", f.name, f.String(), from.source(f))
	}
	return table.Flush()
}

// common is the embedded Common of the config struct, nil where there is none.
func (c *command) common() *Common {
	if has, ok := c.spec.Config.(interface{ common() *Common }); ok {
		return has.common()
	}
	return nil
}

// start runs the process with its logger, signals and admin port.
func (c *command) start(cmd *cobra.Command, args []string) error {
	settings := c.common()
	if settings == nil {
		plain := DefaultCommon()
		settings = &plain
	}
	log, err := NewLogger(cmd.ErrOrStderr(), *settings)
	if err != nil {
		return err
	}
	if len(c.idle) > 0 {
		log.Warn().Strs("options", c.idle).Msg("these mean nothing here")
	}
	limitMemory(log)
	if has, ok := c.spec.Config.(interface{ runtimeSettings() *Runtime }); ok {
		has.runtimeSettings().tune(log)
	}
	signals, stop := c.signals()
	defer stop()
	p := newProcess(c.spec.Name, log, slices.Clone(args))
	if c.common() != nil {
		defer p.Reloads.onHangup(p.Log)()
	}
	return live(cmd.Context(), p, *settings, signals, c.spec.Run)
}

// signals are SIGINT and SIGTERM. The channel holds two, so that the second of
// an impatient person is not lost.
func (c *command) signals() (<-chan os.Signal, func()) {
	if c.spec.Signals != nil {
		return c.spec.Signals, func() {}
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return signals, func() { signal.Stop(signals) }
}
