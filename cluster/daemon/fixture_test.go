package daemon

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// everything is a config struct with a field of each type and each tag.
type everything struct {
	Common
	Listen  string        `name:"listen" short:"l" usage:"address"`
	Port    int           `name:"port" short:"p" usage:"TCP port" range:"0..65535"`
	Item    Size          `name:"max-item-size" short:"I" usage:"largest value" range:"1k..1g"`
	Memory  Size          `name:"memory" short:"m" usage:"item memory" unit:"1m" range:"1m.."`
	Timeout time.Duration `name:"timeout" usage:"deadline of a command"`
	Nodes   []string      `name:"node" usage:"static list"`
	Peer    string        `name:"peer" usage:"an address" kind:"address"`
	Ratio   float64       `name:"ratio" usage:"a ratio"`
	Cas     bool          `name:"cas" usage:"cas uniques"`
	Mode    string        `name:"mode" usage:"a mode" allowed:"sync async"`
	Token   string        `name:"token" usage:"a secret" kind:"secret"`

	invalid error // what Validate answers
	plain   int   // not a setting
}

func (e *everything) Validate() error { return e.invalid }

func defaults() *everything {
	return &everything{
		Common: DefaultCommon(), Listen: "127.0.0.1", Port: 11211, Item: MiB, Memory: 64 * MiB,
		Timeout: 5 * time.Second, Nodes: []string{"a=127.0.0.1:1"}, Mode: "sync", plain: 7,
	}
}

// An invocation is one command line and what it printed.
type invocation struct {
	config      *everything
	out, errOut string
	code        int
	ran         bool
}

// invoke runs a command named gateway over config, with nothing in the
// environment but environ.
func invoke(t *testing.T, config *everything, environ []string, args ...string) invocation {
	t.Helper()
	result := invocation{config: config}
	command := Command(Spec{
		Name: "gateway", Short: "test", Config: config,
		Environ: append([]string{"HOME=/nowhere"}, environ...),
		Signals: make(chan os.Signal),
		Run:     func(context.Context, Process) error { result.ran = true; return nil },
	})
	var out, errOut bytes.Buffer
	command.SetOut(&out)
	command.SetErr(&errOut)
	result.code = Execute(t.Context(), command, args)
	result.out, result.errOut = out.String(), errOut.String()
	return result
}

// configFile writes a YAML file and returns its path.
func configFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "memactor.yaml")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mustContain fails unless text holds every part.
func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

// mustBeConfigError fails unless err is of that class and names every part.
func mustBeConfigError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if !errors.Is(err, ErrConfig) {
		t.Fatalf("error %v; want ErrConfig", err)
	}
	mustContain(t, err.Error(), parts...)
}
