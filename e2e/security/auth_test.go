package security

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

const (
	users  = "ann:secret\nbob:password\n"
	asAnn  = "set x 0 0 10\r\nann secret\r\n"
	denied = "CLIENT_ERROR unauthenticated\r\n"
)

// TestAuthentication asks memcached and us the same, one thing at a time. 1.6.18 takes
// shorter lines than 1.6.45, and words behind the password: not asked here.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	file := harness.PublicFile(t, users)
	_, reference := harness.Memcached(t, "-Y", file)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, GatewayArgs: []string{"-Y", file}})
	for _, script := range [][]string{
		{asAnn, "set a 0 0 1\r\nx\r\n", "get a\r\n", asAnn},
		{"set anything 5 9 12\r\nbob password\r\n", "get a\r\n"},
		{"get a\r\n", "version\r\n", "stats\r\n", asAnn, "get nothing\r\n"},
		{"set x 0 0 9\r\nann wrong\r\n", "get a\r\n", "set x 0 0 10\r\nbob secret\r\n", asAnn, "get nothing\r\n"},
		{"set x 0 0 3\r\nann\r\n", "set x 0 0 0\r\n\r\n", "set x 0 0 10 noreply\r\nann secret\r\n", "get nothing\r\n"},
		{"set x 0 0 10\r\nann secretXX", "get a\r\n"},
		{"set x 0 0\r\n", "set x 0 0 y\r\n", "set x 0 0 -1\r\n", "SET x 0 0 10\r\n", "set x 0 0 10 0 0\r\nann secret\r\n"},
	} {
		theirs, ours := harness.Dial(t, reference), harness.Dial(t, c.Address())
		for _, said := range script {
			want, got := theirs.Do(t, said), ours.Do(t, said)
			if got != want {
				t.Errorf("%q: %q is answered %q, not %q", script, said, got, want)
			}
		}
	}
	if got := harness.Dial(t, c.Gateways[0].Socket).Do(t, "get a\r\n"); got != denied {
		t.Errorf("the unix socket: %q", got)
	}
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, asAnn, "STORED\r\n")
	stats := conn.Do(t, "stats\r\n")
	for _, want := range []string{"STAT auth_cmds 9\r\n", "STAT auth_errors 2\r\n"} {
		if !strings.Contains(stats, want) {
			t.Errorf("stats do not say %q:\n%s", want, stats)
		}
	}
}

// TestUsersAreReadAgain: at SIGHUP, and not if the file is of no use.
func TestUsersAreReadAgain(t *testing.T) {
	t.Parallel()
	file := harness.PublicFile(t, users)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, GatewayArgs: []string{"-Y", file, "-v"}})
	gateway := c.Gateways[0]
	before := harness.Dial(t, c.Address())
	before.Expect(t, asAnn, "STORED\r\n")

	rewrite := func(text, says string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		gateway.Signal(t, syscall.SIGHUP)
		harness.Eventually(t, patience, "the log says "+says, func() bool { return strings.Contains(gateway.Out.String(), says) })
	}
	rewrite("ann:changed\n", `"reloaded"`)
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, asAnn, "CLIENT_ERROR authentication failure\r\n")
	conn.Expect(t, "set x 0 0 11\r\nann changed\r\n", "STORED\r\n")
	before.Expect(t, "get a\r\n", "END\r\n") // who is in stays in

	rewrite("ann:changed\nhush\n", "line 2")
	harness.Dial(t, c.Address()).Expect(t, "set x 0 0 11\r\nann changed\r\n", "STORED\r\n")
	for _, password := range []string{"secret", "changed", "hush"} {
		if strings.Contains(gateway.Out.String(), password) {
			t.Errorf("the log tells a password:\n%s", gateway.Out)
		}
	}
}

func TestBadAuthFile(t *testing.T) {
	t.Parallel()
	for says, path := range map[string]string{"line 2": harness.PublicFile(t, "a:b\nnobody\n"), "nowhere": "nowhere"} {
		p := harness.Start(t, "gateway", harness.Binary(t, harness.GatewayProgram), "-Y", path, "--node", "a=127.0.0.1:1", "-p", "-1")
		if code := p.ExitCode(t); code != 2 || !strings.Contains(p.Out.String(), says) || strings.Contains(p.Out.String(), "nobody") {
			t.Errorf("exit code %d, does not say %q:\n%s", code, says, p.Out)
		}
	}
}

// TestIdleConnectionsAreClosed, those that do nothing, and no others.
func TestIdleConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, GatewayArgs: []string{"-o", "idle_timeout=2"}})
	silent, idle, busy := harness.Dial(t, c.Address()), harness.Dial(t, c.Address()), harness.Dial(t, c.Address())
	idle.Expect(t, "mn\r\n", "MN\r\n")
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		busy.Expect(t, "mn\r\n", "MN\r\n")
	}
	for name, conn := range map[string]*harness.Conn{"said nothing": silent, "said something": idle} {
		if text, closed := conn.Drain(time.Second); text != "" || !closed {
			t.Errorf("who %s is told %q (closed: %v)", name, text, closed)
		}
	}
	if stats := busy.Do(t, "stats\r\n"); !strings.Contains(stats, "STAT idle_kicks 2\r\n") {
		t.Errorf("idle_kicks is not 2:\n%s", stats)
	}
}
