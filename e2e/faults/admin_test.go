package faults

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// fill stores entries of a small value, pipelined.
func fill(t *testing.T, address string, keys int) {
	t.Helper()
	conn := harness.Dial(t, address)
	conn.Timeout = time.Minute
	go func() {
		var batch strings.Builder
		for i := range keys {
			fmt.Fprintf(&batch, "set a-key-of-usual-length-%d 0 0 5 noreply\r\nvalue\r\n", i)
			if batch.Len() > 64<<10 {
				_ = conn.Send(batch.String())
				batch.Reset()
			}
		}
		_ = conn.Send(batch.String() + "mn\r\n")
	}()
	if reply, err := conn.Reply(); err != nil || reply != "MN\r\n" {
		t.Fatalf("%q, %v", reply, err)
	}
}

// slowest is the longest of some gets.
func slowest(t *testing.T, conn *harness.Conn, n int) time.Duration {
	t.Helper()
	worst := time.Duration(0)
	for i := range n {
		began := time.Now()
		conn.Expect(t, fmt.Sprintf("get a-key-of-usual-length-%d\r\n", i),
			fmt.Sprintf("VALUE a-key-of-usual-length-%d 0 5\r\nvalue\r\nEND\r\n", i))
		worst = max(worst, time.Since(began))
	}
	return worst
}

func (m *growth) check(t *testing.T, what string, most int) {
	t.Helper()
	for _, p := range m.processes {
		grown := p.RSS(t) - m.before[p]
		if grown > most*harness.Allowance() {
			t.Errorf("%s: %s has grown by %d MB, more than %d", what, p.Name, grown>>20, most>>20)
		}
		t.Logf("%s: %s has grown by %.1f MB", what, p.Name, float64(grown)/(1<<20))
	}
}

// growth is what processes held at first.
type growth struct {
	processes []*harness.Process
	before    map[*harness.Process]int
}

func growthOf(t *testing.T, c *harness.Cluster) *growth {
	t.Helper()
	m := &growth{processes: []*harness.Process{c.Gateways[0].Process}, before: map[*harness.Process]int{}}
	for _, n := range c.Nodes {
		m.processes = append(m.processes, n.Process)
	}
	for _, p := range m.processes {
		m.before[p] = p.RSS(t)
	}
	return m
}

// TestDumpThatIsReadSlowly lists very many keys to a client that reads some bytes now
// and then, and to some that read nothing: that takes bounded memory, commands go on,
// and who reads to the end has each key exactly once.
func TestDumpThatIsReadSlowly(t *testing.T) {
	const (
		keys, nodes, dumps = 300_000, 3, 5
		// Of each stream from a node the gateway holds a window of 64 KB, two buffers of 64 KB for its socket
		// and a batch of entries; of each dump, text: what is written at once (256 KB) and a batch's lines.
		stream, dump = 256 << 10, 512 << 10
		// The collector may leave as much again as there is; and a process that has just started grows by
		// itself when it has something to do.
		most = 2*dumps*(nodes*stream+dump) + 16<<20
	)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: nodes})
	fill(t, c.Address(), keys)
	m := growthOf(t, c)
	for range dumps - 1 {
		never := harness.Dial(t, c.Address())
		if err := never.Send("lru_crawler metadump all\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	slow := harness.Dial(t, c.Address())
	if err := slow.Send("lru_crawler metadump all\r\n"); err != nil {
		t.Fatal(err)
	}
	conn := harness.Dial(t, c.Address())
	text, err := slow.ReadFull(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the slowest of 1000 gets beside stuck dumps took %v", slowest(t, conn, 1000))
	m.check(t, "beside five dumps", most)
	var rest strings.Builder
	rest.WriteString(text)
	for !strings.HasSuffix(rest.String(), "\nEND\r\n") {
		more, closed := slow.Drain(50 * time.Millisecond)
		rest.WriteString(more)
		if closed {
			t.Fatalf("closed after %s", harness.Shorten(rest.String()))
		}
	}
	seen := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^key=(\S+) `).FindAllStringSubmatch(rest.String(), -1) {
		if seen[match[1]] {
			t.Fatalf("%s is listed twice", match[1])
		}
		seen[match[1]] = true
	}
	if len(seen) != keys {
		t.Errorf("%d keys of %d are listed", len(seen), keys)
	}
	m.check(t, "after the dump", most)
}

// TestDumpOfADyingNode ends in an error line: not in END, and not never.
func TestDumpOfADyingNode(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	fill(t, c.Address(), 500_000) // more of them than wait within gRPC's windows
	conn := harness.Dial(t, c.Address())
	if err := conn.Send("lru_crawler metadump all\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ReadFull(64 << 10); err != nil {
		t.Fatal(err)
	}
	c.Nodes[1].Kill(t)
	tail := ""
	for end := time.Now().Add(time.Minute); !strings.HasSuffix(tail, "END\r\n") && !strings.Contains(tail, "SERVER_ERROR"); {
		if time.Now().After(end) {
			t.Fatal("the dump does not end")
		}
		more, _ := conn.Drain(50 * time.Millisecond)
		tail = (tail + more)[max(0, len(tail+more)-400):]
	}
	if strings.HasSuffix(tail, "END\r\n") {
		t.Error("a dump without one of three nodes is said to be complete") // all of it may not have been under way yet
	}
	conn.Expect(t, "mn\r\n", "MN\r\n")
}

// heard is what a watcher was told.
type heard struct {
	lines, lost int
	rest        string // of a line that is not whole yet
}

// take counts the lines of what was read.
func (h *heard) take(text string) {
	h.rest += text
	for line, rest, whole := strings.Cut(h.rest, "\n"); whole; line, rest, whole = strings.Cut(h.rest, "\n") {
		h.rest = rest
		if n, skipped := strings.CutPrefix(line, "skipped="); skipped {
			lost, _ := strconv.Atoi(n)
			h.lost += lost
		} else if strings.HasPrefix(line, "ts=") {
			h.lines++
		}
	}
}

// listen reads until all that happened is a line or is lost, or nothing more comes.
func (h *heard) listen(conn *harness.Conn, all int) {
	for quiet := 0; h.lines+h.lost < all && quiet < 100; quiet++ {
		text, closed := conn.Drain(100 * time.Millisecond)
		h.take(text)
		if text != "" {
			quiet = 0
		}
		if closed {
			return
		}
	}
}

// stat is a number among the gateway's statistics.
func stat(t *testing.T, address, name string) int {
	t.Helper()
	stats := harness.Dial(t, address).Do(t, "stats\r\n")
	found := regexp.MustCompile(`STAT ` + name + ` (\d+)\r\n`).FindStringSubmatch(stats)
	if found == nil {
		t.Fatalf("no %s in\n%s", name, stats)
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// TestWatchUnderLoad has clients that watch, read or not, while others store: each line
// is delivered or counted as lost, memory is bounded, and commands go on.
func TestWatchUnderLoad(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	m := growthOf(t, c)
	reads, never := harness.Dial(t, c.Address()), harness.Dial(t, c.Address())
	reads.Expect(t, "watch mutations\r\n", "OK\r\n")
	never.Expect(t, "watch mutations\r\n", "OK\r\n")
	const stores = 100_000
	var wg sync.WaitGroup
	var h heard
	wg.Go(func() { h.listen(reads, stores) })
	fill(t, c.Address(), stores)
	wg.Wait()
	if h.lines == 0 || h.lines+h.lost > stores {
		t.Errorf("%d lines and %d lost of %d stores", h.lines, h.lost, stores)
	}
	t.Logf("%d lines delivered, %d said to be lost, of %d stores", h.lines, h.lost, stores)
	if n := stat(t, c.Address(), "log_watchers"); n != 2 {
		t.Errorf("%d watchers", n)
	}
	t.Logf("lost by both watchers together: %d", stat(t, c.Address(), "log_watcher_skipped"))
	m.check(t, "with two watchers", 128<<20)
}

// TestWatcherThatReadsLater has a watcher that does not read while commands run, which
// go on, and reads then: it is told of each event, by a line or by how many it has lost.
func TestWatcherThatReadsLater(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	watcher, conn := harness.Dial(t, c.Address()), harness.Dial(t, c.Address())
	watcher.Expect(t, "watch fetchers mutations\r\n", "OK\r\n")
	const stores, gets = 300_000, 1000
	fill(t, c.Address(), stores)
	lostSoFar := stat(t, c.Address(), "log_watcher_skipped")
	if lostSoFar == 0 {
		t.Fatal("nothing is lost: this is no test of it")
	}
	t.Logf("the slowest of %d gets beside the stuck watcher took %v", gets, slowest(t, conn, gets))
	var h heard
	h.listen(watcher, stores+gets)
	if h.lines == 0 || h.lines+h.lost != stores+gets {
		t.Errorf("%d lines and %d lost make %d, not %d", h.lines, h.lost, h.lines+h.lost, stores+gets)
	}
	if lost := stat(t, c.Address(), "log_watcher_skipped"); lost != h.lost || lost <= lostSoFar {
		t.Errorf("%d are counted as lost, %d before the gets; the watcher was told of %d", lost, lostSoFar, h.lost)
	}
	t.Logf("%d lines, %d lost", h.lines, h.lost)
}
