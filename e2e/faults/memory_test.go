package faults

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestMemoryIsBounded stores four times what a node may hold. It evicts, stays
// within its memory, and what was stored last is there.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, NodeArgs: []string{"-m", "64"}})
	conn := harness.Dial(t, c.Address())
	const count, size = 25_000, 10_000 // 250 MB
	body := strings.Repeat("v", size)
	go func() {
		for i := range count {
			_ = conn.Send(fmt.Sprintf("set key-%d 0 0 %d\r\n%s\r\n", i, size, body))
		}
	}()
	replies, err := conn.Replies(count)
	if err != nil {
		t.Fatal(err)
	}
	for i, reply := range replies {
		if reply != "STORED\r\n" {
			t.Fatalf("store %d was answered %q", i, reply)
		}
	}
	want := fmt.Sprintf("VALUE key-%d 0 %d\r\n%s\r\nEND\r\n", count-1, size, body)
	conn.Expect(t, fmt.Sprintf("get key-%d\r\n", count-1), want)
	conn.Expect(t, "get key-0\r\n", "END\r\n")
	stats := conn.Do(t, "stats\r\n")
	if strings.Contains(stats, "STAT evictions 0\r\n") || !strings.Contains(stats, "STAT limit_maxbytes 67108864\r\n") {
		t.Errorf("stats know nothing of it:\n%s", stats)
	}
	if size := c.Nodes[0].RSS(t); size > harness.Allowance()*(160<<20) {
		t.Errorf("with -m 64 the node holds %d MB", size>>20)
	}
}

// TestMissesLeaveNothing asks for very many keys that do not exist.
func TestMissesLeaveNothing(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	conn := harness.Dial(t, c.Address())
	ask := func(from int) {
		go func() {
			for i := range 1000 {
				var keys strings.Builder
				for j := range 100 {
					fmt.Fprintf(&keys, " missing-%d", from+100*i+j)
				}
				_ = conn.Send("get" + keys.String() + "\r\n")
			}
		}()
		if replies, err := conn.Replies(1000); err != nil || replies[999] != "END\r\n" {
			t.Fatalf("%d replies, %v", len(replies), err)
		}
	}
	ask(0) // buffers grow to what they need
	before := c.Nodes[0].RSS(t)
	for round := range 3 {
		ask(100_000 * (round + 1))
	}
	if more := c.Nodes[0].RSS(t) - before; more > harness.Allowance()*(16<<20) {
		t.Errorf("300,000 misses left %d MB", more>>20)
	}
}

// TestLargeValues raises -I over gRPC's own default limit of 4 MiB a message.
func TestLargeValues(t *testing.T) {
	t.Parallel()
	large := []string{"-I", "16m"}
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2, NodeArgs: large, GatewayArgs: large})
	conn := harness.Dial(t, c.Address())
	for _, size := range []int{1 << 20, 4<<20 - 10, 4 << 20, 4<<20 + 10, 10_000_000} {
		body := strings.Repeat(string(rune('a'+size%26)), size)
		conn.Expect(t, fmt.Sprintf("set k%d 0 0 %d\r\n%s\r\n", size, size, body), "STORED\r\n")
		conn.Expect(t, fmt.Sprintf("get k%d\r\n", size), fmt.Sprintf("VALUE k%d 0 %d\r\n%s\r\nEND\r\n", size, size, body))
	}
	conn.Expect(t, "set a 0 0 17000000\r\n"+strings.Repeat("x", 17_000_000)+"\r\n", "SERVER_ERROR object too large for cache\r\n")
	several := conn.Do(t, "get k1048576 k4194304 k10000000 k1048576\r\n")
	if values, last, err := harness.Values(several); err != nil || len(values) != 4 || last != "END" || len(several) < 16_000_000 {
		t.Errorf("a multiget of %d bytes: %d values, %q, %v", len(several), len(values), last, err)
	}
}

// TestNodeTakesLessThanTheGateway: a value that the gateway lets through and the
// node does not take is answered as too large, and its old value is gone.
func TestNodeTakesLessThanTheGateway(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, GatewayArgs: []string{"-I", "4m"}})
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
	conn.Expect(t, "set a 0 0 2000000\r\n"+strings.Repeat("x", 2_000_000)+"\r\n", "SERVER_ERROR object too large for cache\r\n")
	conn.Expect(t, "get a\r\n", "END\r\n")
}
