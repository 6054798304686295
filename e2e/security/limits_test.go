package security

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// TestManyWhoDoNotRead: each of them alone would be within its own bound of 128 MiB;
// together they are held to --value-memory, and a client that reads is served.
func TestManyWhoDoNotRead(t *testing.T) {
	const hostile, size = 24, 900_000
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, GatewayArgs: []string{"--value-memory", "64m"}})
	other := harness.Dial(t, c.Address())
	body := strings.Repeat("v", size)
	other.Expect(t, fmt.Sprintf("set big 0 0 %d\r\n%s\r\n", size, body), "STORED\r\n")
	other.Expect(t, "set small 0 0 1\r\nx\r\n", "STORED\r\n")
	for range hostile {
		conn := harness.Dial(t, c.Address())
		if err := conn.Send(strings.Repeat("get small\r\n", 2000)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Replies(2000); err != nil {
			t.Fatal(err)
		}
		go func() { _ = conn.Send(strings.Repeat("get big\r\n", 1024)) }()
	}
	most := 0
	want := fmt.Sprintf("VALUE big 0 %d\r\n%s\r\nEND\r\n", size, body)
	served := 0
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		other.Expect(t, "get small\r\n", "VALUE small 0 1\r\nx\r\nEND\r\n")
		switch got := other.Do(t, "get big\r\n"); {
		case got == want:
			served++
		case !strings.HasPrefix(got, "SERVER_ERROR busy: the gateway has no memory"):
			t.Fatalf("answered %s", harness.Shorten(got))
		}
		most = max(most, c.Gateways[0].RSS(t))
	}
	t.Logf("%d MB at most; the one who reads was served %d times", most>>20, served)
	if most > harness.Allowance()*(300<<20) {
		t.Errorf("the gateway holds %d MB", most>>20)
	}
	other.Expect(t, "get big\r\n", want)
	if stats := other.Do(t, "stats\r\n"); strings.Contains(stats, "STAT memactor_cut_for_memory 0\r\n") {
		t.Error("nobody was closed")
	}
}

// TestPipelinesYield: with -R a long pipeline is served in turns.
func TestPipelinesYield(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, GatewayArgs: []string{"-R", "20", "-b", "64"}})
	conn := harness.Dial(t, c.Address())
	go func() { _ = conn.Send(strings.Repeat("get a\r\n", 5000)) }()
	if replies, err := conn.Replies(5000); err != nil || replies[4999] != "END\r\n" {
		t.Fatal(err)
	}
	stats := conn.Do(t, "stats\r\n")
	if !strings.Contains(stats, "STAT conn_yields ") || strings.Contains(stats, "STAT conn_yields 0\r\n") {
		t.Error("conn_yields counts nothing")
	}
	settings := conn.Do(t, "stats settings\r\n")
	for _, want := range []string{"reqs_per_event 20", "tcp_backlog 64"} {
		if !strings.Contains(settings, "STAT "+want+"\r\n") {
			t.Errorf("stats settings does not say %q:\n%s", want, settings)
		}
	}
}

// TestScriptsForMemcached: a command line that starts a memcached starts a gateway.
func TestScriptsForMemcached(t *testing.T) {
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, GatewayArgs: []string{
		"-U", "0", "-F", "-X", "-D", "/", "-P", pid, "-o", "modern,hashpower=16,no_lru_crawler",
	}})
	gateway := c.Gateways[0]
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, "flush_all\r\n", "CLIENT_ERROR flush_all not allowed\r\n")
	text, err := os.ReadFile(pid)
	if err != nil || strings.TrimSpace(string(text)) != strconv.Itoa(gateway.Pid()) {
		t.Errorf("the pidfile says %q, %v", text, err)
	}
	if !strings.Contains(gateway.Out.String(), "hashpower") {
		t.Errorf("nothing is said of what means nothing:\n%s", gateway.Out)
	}
	gateway.Stop(t)
	if _, err := os.Stat(pid); !os.IsNotExist(err) {
		t.Errorf("the pidfile is still there: %v", err)
	}
}

func TestRefusedFlagsOfMemcached(t *testing.T) {
	t.Parallel()
	for flag, says := range map[string]string{
		"-d": "systemd", "-u nobody": "as that user", "-m 64": "shardnode -m", "-M": "shardnode -M", "-U 11211": "0..0", "-o ext_path=/x": "unknown option",
	} {
		args := append(strings.Fields(flag), "--node", "a=127.0.0.1:1", "-p", "-1")
		p := harness.Start(t, "gateway", harness.Binary(t, harness.GatewayProgram), args...)
		if code := p.ExitCode(t); code != 2 || !strings.Contains(p.Out.String(), says) {
			t.Errorf("%s: exit code %d, does not say %q:\n%s", flag, code, says, p.Out)
		}
	}
}

// TestOneKeyVeryOften asks for 60,000 copies of one key in one line.
func TestOneKeyVeryOften(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2})
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, "set key 0 0 10\r\n0123456789\r\n", "STORED\r\n")
	const copies = 60_000
	reply := conn.Do(t, "get"+strings.Repeat(" key", copies)+"\r\n")
	if values, last, err := harness.Values(reply); len(values) != copies || last != "END" || err != nil {
		t.Errorf("%d values, %q, %v", len(values), last, err)
	}
}
