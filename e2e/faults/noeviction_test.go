package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

const outOfMemory = "SERVER_ERROR out of memory storing object\r\n"

// TestNoEviction fills a server that may not evict (-M), the real memcached and
// memactor: both refuse what is more, and keep what they have.
func TestNoEviction(t *testing.T) {
	t.Parallel()
	_, memcached := harness.Memcached(t, "-M", "-m", "8")
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2, NodeArgs: []string{"-M", "-m", "4"}})
	for _, server := range []struct{ name, address string }{{"memcached", memcached}, {"memactor", c.Address()}} {
		t.Run(server.name, func(t *testing.T) { wantNoEviction(t, harness.Dial(t, server.address)) })
	}
}

func wantNoEviction(t *testing.T, conn *harness.Conn) {
	t.Helper()
	body := strings.Repeat("v", 9000)
	set := func(verb, key string) string {
		return conn.Do(t, fmt.Sprintf("%s %s 0 0 %d\r\n%s\r\n", verb, key, len(body), body))
	}
	var stored []string
	refused := 0
	for i := 0; refused < 20; i++ {
		key := fmt.Sprintf("key-%d", i)
		switch reply := set("set", key); {
		case reply == "STORED\r\n" && i < 2000:
			stored = append(stored, key)
		case reply == outOfMemory:
			refused++
		default:
			t.Fatalf("store %d was answered %q", i, reply)
		}
	}
	for _, key := range stored {
		conn.Expect(t, "mg "+key+" s\r\n", "HD s9000\r\n")
	}

	if reply := conn.Do(t, "ms other 9000\r\n"+body+"\r\n"); reply != outOfMemory {
		t.Errorf("ms was answered %q", reply)
	}
	if reply := set("append", stored[0]); reply != outOfMemory {
		t.Errorf("append was answered %q", reply)
	}
	conn.Expect(t, "mg "+stored[0]+" s\r\n", "HD s9000\r\n")

	stats := conn.Do(t, "stats settings\r\n") + conn.Do(t, "stats\r\n")
	for _, line := range []string{"STAT evictions off\r\n", "STAT evictions 0\r\n"} {
		if !strings.Contains(stats, line) {
			t.Errorf("stats have no line %q", line)
		}
	}
	if strings.Contains(stats, "STAT store_no_memory 0\r\n") {
		t.Error("stats know of no store without memory")
	}
}
