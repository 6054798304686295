package main

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call runs the program with args until it exits.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func TestWithoutArgumentsThereIsHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"help"}} {
		code, out, _ := call(t, args...)
		if code != exitOK {
			t.Errorf("%q: exit code %d", args, code)
		}
		for _, want := range []string{"memcached", "bench", "version", "memactor bench -s"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q: %q is not in the help", args, want)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	code, out, _ := call(t, "version")
	if code != exitOK || !strings.HasPrefix(out, "memactor ") || strings.Count(out, "\n") != 1 {
		t.Errorf("%d %q", code, out)
	}
}

func TestBadCommandLines(t *testing.T) {
	tests := []struct {
		args []string
		says string
	}{
		{[]string{"bnech"}, `"bnech" is neither a command nor a flag; see memactor --help`},
		{[]string{"-x"}, "unknown shorthand flag: 'x'"},
		{[]string{"version", "please"}, `"please" is neither`},
		{[]string{"bench", "localhost"}, `"localhost" is neither a command nor a flag; see memactor bench --help`},
		{[]string{"bench", "--piepline", "3"}, "unknown flag: --piepline; see memactor bench --help"},
		{[]string{"bench", "-c", "many"}, `invalid argument "many"`},
		{[]string{"bench", "-c", "0"}, "connections 0 out of range"},
		{[]string{"bench", "--pipeline", "-1"}, "pipeline -1 out of range"},
		{[]string{"bench", "--seconds", "0"}, "duration in milliseconds 0 out of range"},
		{[]string{"bench", "--seconds", "NaN"}, "out of range"},
		{[]string{"bench", "--ratio", "10"}, `bad ratio "10": want SETS:GETS`},
		{[]string{"bench", "-s", "localhost"}, `bad server address "localhost": want host:port`},
		{[]string{"bench", "--size", "0"}, "size 0 out of range"},
	}
	for _, test := range tests {
		code, out, err := call(t, test.args...)
		if code != exitUsage || out != "" {
			t.Errorf("%q: exit code %d, %q", test.args, code, out)
		}
		if !strings.Contains(err, test.says) || !strings.Contains(err, "--help") || strings.Count(err, "\n") != strings.Count(strings.TrimSpace(err), "\n")+1 {
			t.Errorf("%q: %q", test.args, err)
		}
	}
}
