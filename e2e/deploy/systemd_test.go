// Package deploy looks at what is shipped beside the programs.
package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// TestUnits starts the programs as the units do, with --test: the settings that are
// shipped are taken, and those that matter come from there.
func TestUnits(t *testing.T) {
	for _, program := range []string{harness.GatewayProgram, harness.ShardNodeProgram} {
		t.Run(program, func(t *testing.T) {
			state := t.TempDir()
			if err := os.Mkdir(filepath.Join(state, "memactor-"+program), 0o700); err != nil {
				t.Fatal(err)
			}
			u := readUnit(t, "memactor-"+program+".service")
			words := strings.Fields(u.one(t, "ExecStart"))
			if words[0] != "/usr/bin/"+program {
				t.Fatalf("the unit starts %q", words)
			}
			for i, word := range words {
				if name, ok := strings.CutPrefix(word, "/etc/memactor/"); ok {
					words[i] = shipped(name)
				}
			}
			cmd := exec.Command(harness.Binary(t, program), append(words[1:], "--test")...)
			for _, pair := range u["Environment"] {
				cmd.Env = append(cmd.Env, strings.ReplaceAll(pair, "%S", state))
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
			}
			wantSource(t, string(out), "consul", program+".yaml")
			wantSource(t, string(out), "map-copy", "MEMACTOR_MAP_COPY")
			if got, want := u.one(t, "StateDirectory"), "memactor-"+program; got != want {
				t.Errorf("state in %q, not in %q", got, want)
			}
		})
	}
}

// wantSource wants a setting to come from a place whose name is part of source.
func wantSource(t *testing.T, test, setting, source string) {
	t.Helper()
	for line := range strings.Lines(test) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == setting {
			if !strings.Contains(fields[len(fields)-1], source) {
				t.Errorf("%q does not come from %s", line, source)
			}
			return
		}
	}
	t.Errorf("no setting %q in:\n%s", setting, test)
}

// unit is the lines of a unit file: keys and their values in order.
type unit map[string][]string

func readUnit(t *testing.T, name string) unit {
	t.Helper()
	text, err := os.ReadFile(shipped(name))
	if err != nil {
		t.Fatal(err)
	}
	u := unit{}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(key, "#") {
			u[key] = append(u[key], value)
		}
	}
	return u
}

// one is the value of a key that has to be there once.
func (u unit) one(t *testing.T, key string) string {
	t.Helper()
	if len(u[key]) != 1 {
		t.Fatalf("%s is there %d times", key, len(u[key]))
	}
	return u[key][0]
}

func shipped(name string) string { return filepath.Join(harness.Root(), "deploy", "systemd", name) }
