package clients

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// memcachedTool is memcached's own, from its package.
const memcachedTool = "/usr/share/memcached/scripts/memcached-tool"

// TestMemcachedTool runs every mode of memcached-tool that reads.
func TestMemcachedTool(t *testing.T) {
	if _, err := os.Stat(memcachedTool); err != nil {
		t.Fatalf("%v: it is in Debian's package memcached", err)
	}
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	conn := harness.Dial(t, c.Address())
	const keys = 500
	for i := range keys {
		conn.Expect(t, fmt.Sprintf("set key-%d 7 0 5\r\nvalue\r\n", i), "STORED\r\n")
	}
	run := func(mode ...string) string {
		t.Helper()
		out, errors, ok := tool(t, memcachedTool, append([]string{c.Address()}, mode...)...)
		if !ok {
			t.Fatalf("memcached-tool %v: %s", mode, errors)
		}
		return out
	}
	wantIn(t, run("display"), "1", fmt.Sprint(keys), "# Item_Size Max_age Pages Count Full? Evicted Evict_Time OOM")
	wantIn(t, run("stats"), "curr_items 500", "cmd_set 500", "evictions 0")
	wantIn(t, run("settings"), "maxbytes", "item_size_max", "num_threads")
	wantIn(t, run("sizes"), "sizes_status disabled")
	conn.Expect(t, "stats sizes_enable\r\n", "STAT sizes_status enabled\r\nEND\r\n")
	wantIn(t, run("sizes"), "96 500")
	if got := strings.Count(run("keys"), "key=key-"); got != keys {
		t.Errorf("keys lists %d keys", got)
	}
	dump := run("dump")
	for i := range keys {
		if want := fmt.Sprintf("add key-%d 7 0 5\r\nvalue\r\n", i); strings.Count(dump, want) != 1 {
			t.Fatalf("the dump has not exactly one %q", want)
		}
	}
}

// wantIn looks for texts in a table, whatever its columns' widths are.
func wantIn(t *testing.T, text string, all ...string) {
	t.Helper()
	text = strings.Join(strings.Fields(text), " ")
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
