package main

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/memactor/memactor/cluster/daemon"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call runs the program with args until it exits.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&err)
	code = daemon.Execute(t.Context(), root, args)
	return code, out.String(), err.String()
}

func TestWithoutArgumentsThereIsHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"help"}} {
		code, out, _ := call(t, args...)
		if code != daemon.ExitOK {
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
	for _, arg := range []string{"version", "--version"} {
		code, out, _ := call(t, arg)
		if code != daemon.ExitOK || !strings.HasPrefix(out, "memactor ") || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: %d %q", arg, code, out)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	tests := []struct {
		args []string
		says string
	}{
		{[]string{"bnech"}, `no such command: "bnech" (did you mean "bench"?)`},
		{[]string{"frobnicate"}, `no such command: "frobnicate" (--help lists them)`},
		{[]string{"-x"}, "unknown shorthand flag: 'x'"},
		{[]string{"version", "please"}, `"please"`},
		{[]string{"bench", "localhost"}, `"localhost"`},
		{[]string{"bench", "--piepline", "3"}, `unknown flag: --piepline; did you mean "pipeline"?`},
		{[]string{"bench", "-c", "many"}, `connections "many"`},
		{[]string{"bench", "-c", "0"}, "connections 0 out of range: want 1 to 50000"},
		{[]string{"bench", "--pipeline", "-1"}, "pipeline -1 out of range"},
		{[]string{"bench", "--seconds", "0"}, "duration in milliseconds 0 out of range"},
		{[]string{"bench", "--seconds", "NaN"}, "out of range"},
		{[]string{"bench", "--ratio", "10"}, `bad ratio "10": want SETS:GETS`},
		{[]string{"bench", "-s", "localhost"}, `bad server address "localhost": want host:port`},
		{[]string{"bench", "--size", "0"}, "size 0 out of range"},
		{[]string{"status"}, "no cluster is named: allowed: one of --consul HOST:PORT"},
		{[]string{"nodes", "--ask", "127.0.0.1:1", "--node", "a=127.0.0.1:1"}, "allowed: one of them"},
		{[]string{"nodes", "--ask", "here"}, `ask "here"`},
		{[]string{"shards", "--node", "127.0.0.1:1"}, "allowed: ID=HOST:PORT"},
		{[]string{"shards", "--node", "a=h:1", "--node", "a=h:2"}, "another live node has this id"},
		{[]string{"status", "--ask", "127.0.0.1:1", "--timeout", "0s"}, `timeout "0s": allowed: more than 0s`},
		{[]string{"status", "--ask", "127.0.0.1:1", "--grpc-ca-file", "ca.pem"}, "mutual TLS needs grpc-cert-file and grpc-key-file, too"},
		{[]string{"status", "--consul", "nowhere"}, `consul "nowhere": allowed: HOST:PORT`},
		{[]string{"route", "--ask", "127.0.0.1:1"}, "arguments []: allowed: one KEY"},
		{[]string{"route", "--ask", "127.0.0.1:1", "a b"}, `key "a b": allowed: no blanks`},
		{[]string{"route", "--ask", "127.0.0.1:1", ""}, `key "": allowed: 1 to 250 bytes`},
		{[]string{"route", "--ask", "127.0.0.1:1", "--base64", "a"}, `key "a": allowed with --base64`},
		{[]string{"drain", "n1"}, "no cluster is named: allowed: --consul HOST:PORT"},
		{[]string{"drain", "--consul", "127.0.0.1:1"}, "arguments []: allowed: one NODE"},
		{[]string{"drain", "--consul", "127.0.0.1:1", "--timeout", "-1s", "n1"}, `timeout "-1s": allowed: more than 0s`},
	}
	for _, test := range tests {
		code, out, err := call(t, test.args...)
		if code != daemon.ExitUsage || out != "" || !strings.Contains(err, test.says) {
			t.Errorf("%q: exit code %d, %q, %q", test.args, code, out, err)
		}
	}
}
