package faults

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// TestTooManyConnections opens as many connections as there may be, by default
// 1024, and one more, which is told so and closed. No other is hurt, and when one
// closes there is room again.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	const most = 1024
	conns := make([]*harness.Conn, most)
	for i := range conns {
		conns[i] = harness.Dial(t, c.Address())
		conns[i].Expect(t, "mn\r\n", "MN\r\n")
	}
	for range 3 {
		excess := harness.Dial(t, c.Address())
		if text, closed := excess.Drain(5 * time.Second); text != "ERROR Too many open connections\r\n" || !closed {
			t.Errorf("connection %d was told %q (closed: %v)", most+1, text, closed)
		}
	}
	for _, i := range []int{0, 1, most / 2, most - 1} {
		conns[i].Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
	}
	conns[7].Close()
	harness.Eventually(t, 5*time.Second, "there is room for another connection", func() bool {
		again := harness.Dial(t, c.Address())
		reply := again.Do(t, "mn\r\n")
		return reply == "MN\r\n"
	})
	if stats := conns[0].Do(t, "stats\r\n"); !strings.Contains(stats, "STAT rejected_connections ") ||
		strings.Contains(stats, "STAT rejected_connections 0\r\n") {
		t.Error("stats does not count the rejected connections")
	}
}

// TestSlowReader asks for more than a gigabyte and reads nothing. The gateway and
// the node stay small, and nobody else notices.
func TestSlowReader(t *testing.T) {
	tests := []struct {
		name  string
		size  int
		asked string
	}{
		{"large values", 500_000, strings.Repeat("get big\r\n", 2500)},
		{"small values", 1000, strings.Repeat("get big\r\n", 1_100_000)},
		{"one multiget", 500_000, "get" + strings.Repeat(" big", 2500) + "\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { slowReader(t, test.size, test.asked) })
	}
}

func slowReader(t *testing.T, size int, asked string) {
	t.Helper()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2})
	other := harness.Dial(t, c.Address())
	value := "VALUE big 0 " + itoa(size) + "\r\n" + strings.Repeat("v", size) + "\r\n"
	other.Expect(t, "set big 0 0 "+itoa(size)+"\r\n"+strings.Repeat("v", size)+"\r\n", "STORED\r\n")
	other.Expect(t, "set small 0 0 1\r\nx\r\n", "STORED\r\n")
	calm := latencies(t, other, time.Second/2)

	slow := harness.Dial(t, c.Address())
	slow.Timeout = 2 * time.Minute
	go func() { _ = slow.Send(asked) }() // it blocks until the test ends
	busy := latencies(t, other, 2*time.Second)
	t.Logf("p99 of another connection: %v alone, %v beside the slow reader; memory %d MB",
		percentile(calm, 99), percentile(busy, 99), memory(t, c)>>20)
	if held := memory(t, c); held > harness.Allowance()*(300<<20) {
		t.Errorf("gateway and nodes hold %d MB", held>>20)
	}
	if p99 := percentile(busy, 99); p99 > allowed(100*time.Millisecond) {
		t.Errorf("another connection's p99 is %v", p99)
	}
	// It has lost nothing by being slow.
	for i := range 100 {
		got, err := slow.ReadFull(len(value))
		if got != value {
			t.Fatalf("at last it reads, as value %d, %s, %v", i, harness.Shorten(got), err)
		}
		if strings.HasPrefix(asked, "get big\r\n") {
			_, _ = slow.ReadFull(len("END\r\n"))
		}
	}
}

// TestSmallValuesThenLargeOnes reads small values, so that the server may take the
// next ones to be small, too, and then asks for large ones and reads nothing. Each
// such connection may cost 128 MiB of the gateway, docs/adr/0003-rounds.md says why.
func TestSmallValuesThenLargeOnes(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	other := harness.Dial(t, c.Address())
	const size = 900_000
	other.Expect(t, "set big 0 0 "+itoa(size)+"\r\n"+strings.Repeat("v", size)+"\r\n", "STORED\r\n")
	other.Expect(t, "set small 0 0 1\r\nx\r\n", "STORED\r\n")
	for range 4 {
		conn := harness.Dial(t, c.Address())
		if err := conn.Send(strings.Repeat("get small\r\n", 5000)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Replies(5000); err != nil {
			t.Fatal(err)
		}
		if err := conn.Send(strings.Repeat("get big\r\n", 1024)); err != nil {
			t.Fatal(err)
		}
	}
	busy := latencies(t, other, 3*time.Second)
	if held := memory(t, c); held > harness.Allowance()*((4*128+150)<<20) {
		t.Errorf("gateway and node hold %d MB", held>>20)
	}
	if p99 := percentile(busy, 99); p99 > allowed(100*time.Millisecond) {
		t.Errorf("another connection's p99 is %v", p99)
	}
}

// memory is that of all of a cluster's processes in bytes.
func memory(t *testing.T, c *harness.Cluster) int {
	t.Helper()
	size := c.Gateways[0].RSS(t)
	for _, node := range c.Nodes {
		size += node.RSS(t)
	}
	return size
}

// latencies asks for a small value again and again and returns how long each took,
// in order of length.
func latencies(t *testing.T, conn *harness.Conn, length time.Duration) []time.Duration {
	t.Helper()
	var all []time.Duration
	for end := time.Now().Add(length); time.Now().Before(end); {
		began := time.Now()
		conn.Expect(t, "get small\r\n", "VALUE small 0 1\r\nx\r\nEND\r\n")
		all = append(all, time.Since(began))
		time.Sleep(time.Millisecond)
	}
	slices.Sort(all)
	return all
}

func percentile(sorted []time.Duration, p int) time.Duration { return sorted[(len(sorted)-1)*p/100] }

// TestFloodWhileANodeHangs pipelines large stores, silent and not, to a node that
// does not take them. The gateway holds no more of them than it may.
func TestFloodWhileANodeHangs(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	other := harness.Dial(t, c.Address())
	other.Expect(t, "mn\r\n", "MN\r\n")
	c.Nodes[0].Pause(t)
	for i := range 8 {
		conn := harness.Dial(t, c.Address())
		store := "set key-" + itoa(i) + " 0 0 100000" + []string{"", " noreply"}[i%2] + "\r\n" + strings.Repeat("x", 100_000) + "\r\n"
		go func() {
			for conn.Send(store) == nil { // it blocks, and ends with the test
			}
		}()
	}
	time.Sleep(3 * time.Second)
	if held := c.Gateways[0].RSS(t); held > harness.Allowance()*(300<<20) {
		t.Errorf("the gateway holds %d MB", held>>20)
	}
	other.Expect(t, "mn\r\n", "MN\r\n")
	c.Nodes[0].Resume(t)
	other.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
}

// TestHotKey hammers one key from pipelining connections: a command for another
// key is not held up.
func TestHotKey(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	other := harness.Dial(t, c.Address())
	other.Expect(t, "set small 0 0 1\r\nx\r\n", "STORED\r\n")
	other.Expect(t, "set hot 0 0 1\r\n0\r\n", "STORED\r\n")
	done := make(chan error)
	const hammers, commands = 4, 30_000
	for range hammers {
		conn := harness.Dial(t, c.Address())
		go func() {
			go func() { _ = conn.Send(strings.Repeat("incr hot 1\r\n", commands)) }()
			_, err := conn.Replies(commands)
			done <- err
		}()
	}
	slowest := percentile(latencies(t, other, time.Second/2), 99)
	for range hammers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	other.Expect(t, "get hot\r\n", "VALUE hot 0 6\r\n"+itoa(hammers*commands)+"\r\nEND\r\n")
	if slowest > allowed(200*time.Millisecond) {
		t.Errorf("another key's p99 is %v", slowest)
	}
}

// TestClientsThatVanish leaves in the middle of everything. Nothing of them stays.
func TestClientsThatVanish(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
	for range 200 {
		for _, begun := range []string{
			"get a", "set a 0 0 1000000\r\nxxx", "set a 0 0 3\r\nabc", strings.Repeat("get a\r\n", 100), "set a 0 0 3 noreply\r\n",
		} {
			other := harness.Dial(t, c.Address())
			if err := other.Send(begun); err != nil {
				t.Fatal(err)
			}
			other.Close()
		}
	}
	harness.Eventually(t, 10*time.Second, "one connection is left", func() bool {
		return strings.Contains(conn.Do(t, "stats\r\n"), "STAT curr_connections 1\r\n")
	})
	conn.Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
}

// TestHalfClosed: a client that has said all it wants to say is answered all the
// same, as `printf ... | nc` wants it.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2})
	conn := harness.Dial(t, c.Address())
	if err := conn.Send("set a 0 0 1\r\nx\r\nget a b c d e f\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, closed := conn.Drain(5 * time.Second); text != "STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n" || !closed {
		t.Errorf("answered %q (closed: %v)", text, closed)
	}
}
