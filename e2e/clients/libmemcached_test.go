package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// libmemcached's programs are in Debian's package libmemcached-tools.
const libmemcachedTools = "libmemcached-tools"

// failsLikeMemcached are the tests that memcached 1.6.45 fails, and so do we: they
// want an error for an argument too many of delete, which newer versions ignore.
// Debian's older memcached gives that error and passes all 27.
var failsLikeMemcached = map[string]bool{"ascii delete": true, "ascii delete noreply": true}

// TestMemccapable runs libmemcached's own conformance tests of both protocols against
// memcached and against us: what memcached passes, we pass.
func TestMemccapable(t *testing.T) {
	_, reference := harness.Memcached(t)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	for _, protocol := range []string{"-a", "-b"} {
		tests := capabilities(t, reference, protocol)
		if len(tests) != 27 {
			t.Errorf("%s: there are %d tests, not the 27 that are known: %q", protocol, len(tests), tests)
		}
		for _, test := range tests {
			want := passes(t, reference, protocol, test) && !failsLikeMemcached[test]
			if got := passes(t, c.Address(), protocol, test); got != want {
				t.Errorf("%s: passed: %v, by memcached: %v", test, got, want)
			}
		}
	}
}

// capabilities returns the names of memccapable's tests of the ASCII protocol (-a) or
// the binary one (-b).
func capabilities(t *testing.T, address, protocol string) []string {
	t.Helper()
	out, _, _ := tool(t, "memccapable", "-h", "127.0.0.1", "-p", harness.Port(address), protocol)
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^((?:ascii|binary) .*?)\s+\[`).FindAllStringSubmatch(out, -1) {
		names = append(names, match[1])
	}
	return names
}

// passes runs one of memccapable's tests.
func passes(t *testing.T, address, protocol, test string) bool {
	t.Helper()
	_, _, ok := tool(t, "memccapable", "-h", "127.0.0.1", "-p", harness.Port(address), protocol, "-T", test)
	return ok
}

// TestLibmemcachedTools uses the programs as a person would.
func TestLibmemcachedTools(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		useTools(t, "--servers="+address)
		if _, complaint, ok := tool(t, "memcping", "--servers="+address); !ok {
			t.Errorf("memcping: %s", complaint)
		}
	})
}

func TestLibmemcachedToolsInBinary(t *testing.T) {
	both(t, func(t *testing.T, address string) { useTools(t, "--servers="+address, "--binary") })
}

// useTools calls the programs with these options.
func useTools(t *testing.T, options ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "greeting")
	if err := os.WriteFile(file, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, use := range []struct {
		want    string // what it prints, in part
		fails   bool
		program string
		args    []string
	}{
		{"", true, "memcexist", []string{"greeting"}},
		{"", false, "memccp", []string{file}},
		{"", false, "memcexist", []string{"greeting"}},
		{"hello", false, "memccat", []string{"greeting"}},
		{"", false, "memctouch", []string{"--expire=100", "greeting"}},
		{"curr_items: 1", false, "memcstat", nil},
		{"", false, "memcrm", []string{"greeting"}},
		{"", true, "memcexist", []string{"greeting"}},
		{"", false, "memccp", []string{file}},
		{"", false, "memcflush", nil},
		{"", true, "memcexist", []string{"greeting"}},
		{"200 keys by", false, "memcslap", []string{"--concurrency=2", "--execute-number=100", "--test=set"}},
		{"200 keys by", false, "memcslap", []string{"--concurrency=2", "--execute-number=100", "--initial-load=100", "--test=get"}},
		{"200 keys by", false, "memcslap", []string{"--concurrency=2", "--execute-number=100", "--initial-load=100", "--test=mget"}},
	} {
		out, complaint, ok := tool(t, use.program, slices.Concat(options, use.args)...)
		if ok == use.fails || !strings.Contains(out, use.want) {
			t.Errorf("%s %v (success: %v) printed:\n%s%s", use.program, use.args, ok, out, complaint)
		}
	}
}

// tool runs one of libmemcached's programs.
func tool(t *testing.T, program string, args ...string) (out, complaint string, ok bool) {
	t.Helper()
	return run(t, program, libmemcachedTools, args...)
}

// run runs a program and returns what it printed, what it complained of, and whether
// it succeeded.
func run(t *testing.T, program, debianPackage string, args ...string) (out, complaint string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(ctx, harness.DebianProgram(t, program, debianPackage), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Errorf("%s %v did not end in 30 s", program, args)
	}
	return stdout.String(), stderr.String(), err == nil
}
