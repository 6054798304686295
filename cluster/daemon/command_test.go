package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Flags win over the environment, the environment over the file, the file over
// the defaults; a section of the environment wins over its general key.
func TestPrecedence(t *testing.T) {
	const deflt, file, general, own, flag = 11211, 1, 2, 3, 4
	for given := range 16 {
		want := deflt
		var environ, args []string
		if given&1 != 0 {
			args = append(args, "--config", configFile(t, "port: "+strconv.Itoa(file)))
			want = file
		}
		if given&2 != 0 {
			environ = append(environ, "MEMACTOR_PORT="+strconv.Itoa(general))
			want = general
		}
		if given&4 != 0 {
			environ = append(environ, "MEMACTOR_GATEWAY_PORT="+strconv.Itoa(own))
			want = own
		}
		if given&8 != 0 {
			args = append(args, "-p", strconv.Itoa(flag))
			want = flag
		}
		got := invoke(t, defaults(), environ, args...)
		if got.code != ExitOK || !got.ran || got.config.Port != want {
			t.Errorf("environment %q, flags %q: port %d; want %d\n%s", environ, args, got.config.Port, want, got.errOut)
		}
	}
}

// A list is replaced by the next layer, not added to.
func TestPrecedenceOfLists(t *testing.T) {
	path := configFile(t, "node: [f=h:1, g=h:2]")
	got := invoke(t, defaults(), nil, "--config", path)
	if strings.Join(got.config.Nodes, " ") != "f=h:1 g=h:2" {
		t.Errorf("nodes of the file: %q", got.config.Nodes)
	}
	got = invoke(t, defaults(), []string{"MEMACTOR_NODE=e=h:3"}, "--config", path)
	if strings.Join(got.config.Nodes, " ") != "e=h:3" {
		t.Errorf("nodes of the environment: %q", got.config.Nodes)
	}
	got = invoke(t, defaults(), []string{"MEMACTOR_NODE=e=h:3"}, "--config", path, "--node", "a=h:4", "--node=b=h:5")
	if strings.Join(got.config.Nodes, " ") != "a=h:4 b=h:5" {
		t.Errorf("nodes of the flags: %q", got.config.Nodes)
	}
}

func TestConfigFileOfTheEnvironment(t *testing.T) {
	one, two := configFile(t, "port: 1"), configFile(t, "port: 2")
	if got := invoke(t, defaults(), []string{"MEMACTOR_CONFIG=" + one}); got.config.Port != 1 {
		t.Errorf("port %d; %s", got.config.Port, got.errOut)
	}
	if got := invoke(t, defaults(), []string{"MEMACTOR_CONFIG=" + one}, "--config", two); got.config.Port != 2 {
		t.Errorf("port %d; the flag is to win", got.config.Port)
	}
}

func TestFlags(t *testing.T) {
	got := invoke(t, defaults(), nil,
		"-l", "::1", "-p1", "-I", "2m", "-m128", "--cas", "-vv", "--timeout=1s", "--ratio", "0.5", "--drain-timeout=1ms", "--mode=async")
	c := got.config
	if got.code != ExitOK || c.Listen != "::1" || c.Port != 1 || c.Item != 2*MiB || c.Memory != 128*MiB ||
		!c.Cas || c.Verbose != 2 || c.Ratio != 0.5 || c.Mode != "async" {
		t.Errorf("exit %d, config %+v, %s", got.code, c, got.errOut)
	}
}

func TestCountingFlag(t *testing.T) {
	for args, want := range map[string]int{"": 0, "-v": 1, "-v -v": 2, "-vvv": 3, "--verbose": 1, "--verbose=2": 2, "--verbose=2 -v": 3} {
		got := invoke(t, defaults(), nil, strings.Fields(args)...)
		if got.config.Verbose != want || got.code != ExitOK {
			t.Errorf("%q: verbose %d, exit %d; want %d", args, got.config.Verbose, got.code, want)
		}
	}
	if got := invoke(t, defaults(), nil, "--verbose=much"); got.code != ExitUsage {
		t.Errorf("--verbose=much: exit %d", got.code)
	}
}

// Whatever is wrong is named together with its value, its place, and what would
// be right; nothing runs, and the exit code is 2.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name          string
		environ, args []string
		file          string
		says          []string
	}{
		{name: "flag value", args: []string{"-p", "http"}, says: []string{`gateway: configuration: --port: port "http": not a number; allowed: a whole number in 0..65535`}},
		{name: "flag", args: []string{"--prot", "1"}, says: []string{"unknown flag: --prot", `did you mean "port"?`, "--help"}},
		{name: "short flag", args: []string{"-Z"}, says: []string{"unknown shorthand flag: 'Z' in -Z"}},
		{name: "flag without value", args: []string{"--port"}, says: []string{"flag needs an argument: --port"}},
		{name: "argument", args: []string{"start"}, says: []string{`unknown command "start"`}},
		{name: "environment value", environ: []string{"MEMACTOR_MEMORY=lots"}, says: []string{`MEMACTOR_MEMORY: memory "lots": not a size; allowed`}},
		{name: "environment key", environ: []string{"MEMACTOR_PROT=1"}, says: []string{`unknown key MEMACTOR_PROT="1"; did you mean "MEMACTOR_PORT"?`}},
		{name: "file value", file: "mode: none", says: []string{`memactor.yaml:1: mode "none": not one of them; allowed: sync, async`}},
		{name: "file key", file: "loglevel: info", says: []string{`memactor.yaml:1: unknown key "loglevel" = info; did you mean "log-level"?`}},
		{name: "list", args: []string{"--log-level", "loud"}, says: []string{`--log-level: log-level "loud": not one of them; allowed: trace, debug, info, warn, error`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := tt.args
			if tt.file != "" {
				args = append(args, "--config", configFile(t, tt.file))
			}
			got := invoke(t, defaults(), tt.environ, args...)
			if got.code != ExitUsage || got.ran || got.out != "" {
				t.Errorf("exit %d, ran %v, printed %q", got.code, got.ran, got.out)
			}
			mustContain(t, got.errOut, tt.says...)
		})
	}
}

func TestRefusalHidesSecrets(t *testing.T) {
	f := field{name: "token", kind: "secret", at: new(int), unit: Byte}
	l := newLoader([]field{f})
	given := newLayer()
	given.set("token", "MEMACTOR_TOKEN", "hunter2")
	if err := l.add(given); err != nil {
		t.Fatal(err)
	}
	err := l.fill()
	mustBeConfigError(t, err, "MEMACTOR_TOKEN")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the secret is in the error: %v", err)
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	got := invoke(t, defaults(), []string{"MEMACTOR_MEMORY=x"}, "-p", "y", "--mode", "z")
	mustContain(t, got.errOut, "--port", "MEMACTOR_MEMORY", "--mode")
	if lines := strings.Count(got.errOut, "\n"); lines != 3 {
		t.Errorf("%d lines: %s", lines, got.errOut)
	}
}

func TestValidateIsAsked(t *testing.T) {
	for _, says := range []error{errors.New("no"), fmt.Errorf("%w: no", ErrConfig)} {
		config := defaults()
		config.invalid = says
		got := invoke(t, config, nil)
		if got.code != ExitUsage || got.ran || got.errOut != "gateway: configuration: no\n" {
			t.Errorf("exit %d, ran %v, %q", got.code, got.ran, got.errOut)
		}
	}
}

func TestDefaultsAreChecked(t *testing.T) {
	config := defaults()
	config.Port = -1
	got := invoke(t, config, nil)
	if got.code != ExitUsage {
		t.Errorf("exit %d", got.code)
	}
	mustContain(t, got.errOut, `port "-1": out of range`)
}

func TestTestConfiguration(t *testing.T) {
	path := configFile(t, "timeout: 1s", "token: hunter2")
	for _, flag := range []string{"-t", "--test"} {
		got := invoke(t, defaults(), []string{"MEMACTOR_MEMORY=128"}, flag, "-p", "1", "--config", path)
		if got.code != ExitOK || got.ran {
			t.Errorf("exit %d, ran %v: %s", got.code, got.ran, got.errOut)
		}
		if !strings.HasPrefix(got.out, "configuration ok\n") {
			t.Errorf("printed %q", got.out)
		}
		squeezed := strings.Join(strings.Fields(got.out), " ")
		mustContain(t, squeezed, "port 1 --port", "memory 128m MEMACTOR_MEMORY", "timeout 1s "+path+":1",
			"max-item-size 1m default", "token (secret) "+path+":2")
	}
}

func TestTestConfigurationThatIsWrong(t *testing.T) {
	got := invoke(t, defaults(), nil, "-t", "-p", "x")
	if got.code != ExitUsage || got.out != "" {
		t.Errorf("exit %d, printed %q", got.code, got.out)
	}
	mustContain(t, got.errOut, `port "x"`)
}

func TestVersionFlag(t *testing.T) {
	// --version answers even where the configuration is wrong
	got := invoke(t, defaults(), []string{"MEMACTOR_PROT=1"}, "--version")
	if got.code != ExitOK || got.ran || !strings.HasPrefix(got.out, "gateway "+Version()+" (go1.") {
		t.Errorf("exit %d, printed %q, %q", got.code, got.out, got.errOut)
	}
}

func TestHelp(t *testing.T) {
	got := invoke(t, defaults(), nil, "--help")
	if got.code != ExitOK || got.ran {
		t.Errorf("exit %d, ran %v", got.code, got.ran)
	}
	mustContain(t, got.out, "-p, --port number", "(default 11211)", "-I, --max-item-size size", "(default 1m)",
		"--config FILE", "-t, --test", "--version", "--check", "-v, --verbose count ", "--mode text", "a mode: sync, async (default sync)")
}

func TestRunError(t *testing.T) {
	command := Command(Spec{Name: "gateway", Config: defaults(), Environ: []string{},
		Run: func(context.Context, Process) error { return errors.New("no room") }})
	command.SetErr(io.Discard)
	if code := Execute(t.Context(), command, nil); code != ExitFailed {
		t.Errorf("exit %d; want %d", code, ExitFailed)
	}
}

type plainConfig struct {
	Keys int `name:"keys" usage:"how many"`
}

func (plainConfig) Validate() error { return nil }

// A command that does not serve has no admin port and no --check, and may take
// arguments.
func TestPlainCommand(t *testing.T) {
	config := &plainConfig{}
	var got []string
	command := Command(Spec{Name: "route", Config: config, Environ: []string{"MEMACTOR_ROUTE_KEYS=3"}, Args: cobra.ExactArgs(1),
		Run: func(_ context.Context, p Process) error { got = p.Args; return nil }})
	command.SetErr(io.Discard)
	if code := Execute(t.Context(), command, []string{"key"}); code != ExitOK || len(got) != 1 || got[0] != "key" || config.Keys != 3 {
		t.Errorf("exit %d, arguments %q, keys %d", code, got, config.Keys)
	}
	if command.Flags().Lookup("check") != nil {
		t.Error("a plain command has --check")
	}
	if code := Execute(t.Context(), command, nil); code != ExitUsage {
		t.Errorf("without its argument: exit %d", code)
	}
}

// A subcommand of a program behaves as a command of its own.
func TestSubcommand(t *testing.T) {
	config := &plainConfig{}
	root := &cobra.Command{Use: "memactor", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(Command(Spec{Name: "bench", Config: config, Environ: []string{}, Run: func(context.Context, Process) error { return nil }}))
	if code := Execute(t.Context(), root, []string{"bench", "--keys", "5"}); code != ExitOK || config.Keys != 5 {
		t.Errorf("exit %d, keys %d", code, config.Keys)
	}
}

func TestCheckFunction(t *testing.T) {
	config := defaults()
	if err := Check(config); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	config.Port, config.Mode = -1, "x"
	mustBeConfigError(t, Check(config), `port "-1"`, `mode "x"`)
}
