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

// TestMemccapable runs libmemcached's own conformance test of the ASCII protocol
// against memcached and against us: what memcached passes, we pass.
func TestMemccapable(t *testing.T) {
	_, reference := harness.Memcached(t)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	want, got := capabilities(t, reference), capabilities(t, c.Address())
	if len(want) != 27 {
		t.Errorf("memcached was tried by %d tests, not by the 27 that are known", len(want))
	}
	passed := 0
	for test, result := range want {
		if result != "pass" {
			continue
		}
		if passed++; got[test] != "pass" {
			t.Errorf("%s: %q, which memcached passes", test, got[test])
		}
	}
	t.Logf("memcached passes %d of %d", passed, len(want))
}

// capabilities returns the result of each of memccapable's tests.
func capabilities(t *testing.T, address string) map[string]string {
	t.Helper()
	out, _ := run(t, "memccapable", "-h", "127.0.0.1", "-p", harness.Port(address), "-a")
	results := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^(ascii .*?)\s+\[(\w+)\]`).FindAllStringSubmatch(out, -1) {
		results[match[1]] = match[2]
	}
	if len(results) == 0 {
		t.Fatalf("memccapable said:\n%s", out)
	}
	return results
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
			out, ok := run(t, use.program, append([]string{servers}, use.args...)...)
			if ok == use.fails || !strings.Contains(out, use.want) {
				t.Errorf("%s %v (success: %v) printed:\n%s", use.program, use.args, ok, out)
			}
		}
	})
}

// run runs one of libmemcached's programs and returns what it printed and whether
// it succeeded.
func run(t *testing.T, program string, args ...string) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, harness.DebianProgram(t, program, libmemcachedTools), args...).CombinedOutput()
	if ctx.Err() != nil {
		t.Errorf("%s %v did not end in 30 s", program, args)
	}
	return string(out), err == nil
}
