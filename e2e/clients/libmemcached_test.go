package clients

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestMemccapable runs libmemcached's own conformance test of the ASCII protocol
// against memcached and against us: what memcached passes, we pass.
func TestMemccapable(t *testing.T) {
	_, reference := harness.Memcached(t)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	tests := capabilities(t, reference)
	if len(tests) != 27 {
		t.Errorf("there are %d tests, not the 27 that are known: %q", len(tests), tests)
	}
	for _, test := range tests {
		want := passes(t, reference, test) && !failsLikeMemcached[test]
		if got := passes(t, c.Address(), test); got != want {
			t.Errorf("%s: passed: %v, by memcached: %v", test, got, want)
		}
	}
}

// capabilities returns the names of memccapable's tests of the ASCII protocol.
func capabilities(t *testing.T, address string) []string {
	t.Helper()
	out, _, _ := tool(t, "memccapable", "-h", "127.0.0.1", "-p", harness.Port(address), "-a")
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^(ascii .*?)\s+\[`).FindAllStringSubmatch(out, -1) {
		names = append(names, match[1])
	}
	return names
}

// passes runs one of memccapable's tests.
func passes(t *testing.T, address, test string) bool {
	t.Helper()
	_, _, ok := tool(t, "memccapable", "-h", "127.0.0.1", "-p", harness.Port(address), "-a", "-T", test)
	return ok
}

// TestLibmemcachedTools uses the programs as a person would.
func TestLibmemcachedTools(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		servers := "--servers=" + address
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
			{"", false, "memcping", nil},
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
			out, complaint, ok := tool(t, use.program, append([]string{servers}, use.args...)...)
			if ok == use.fails || !strings.Contains(out, use.want) {
				t.Errorf("%s %v (success: %v) printed:\n%s%s", use.program, use.args, ok, out, complaint)
			}
		}
	})
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
