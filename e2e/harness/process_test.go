package harness

import (
	"net"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestProcessLives(t *testing.T) {
	p, address := Memcached(t)
	Dial(t, address).Expect(t, "mn\r\n", "MN\r\n")

	p.Pause(t)
	conn := Dial(t, address) // the kernel accepts it
	if err := conn.Send("mn\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, closed := conn.Drain(50 * time.Millisecond); text != "" || closed {
		t.Errorf("a paused process answered %q (closed: %v)", text, closed)
	}
	p.Resume(t)
	if reply, err := conn.Reply(); reply != "MN\r\n" {
		t.Errorf("a resumed process answered %q, %v", reply, err)
	}

	p.Kill(t)
	if code := p.ExitCode(t); code != -1 {
		t.Errorf("exit code %d after SIGKILL, not -1", code)
	}
	p.Restart(t)
	p.WaitListening(t, "tcp", address)
	Dial(t, address).Expect(t, "mn\r\n", "MN\r\n")
	p.Stop(t)
}

func TestEndedWaits(t *testing.T) {
	p := Start(t, "sleeper", shell(t), "-c", "echo begun; sleep 0.1; echo done; exit 3")
	if p.Ended(0) {
		t.Error("ended at once")
	}
	if code := p.ExitCode(t); code != 3 {
		t.Errorf("exit code %d, not 3", code)
	}
	if out := p.Out.String(); out != "begun\ndone\n" {
		t.Errorf("it printed %q", out)
	}
}

func TestStopWantsExitCodeZero(t *testing.T) {
	p := Start(t, "stubborn", shell(t), "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")
	Eventually(t, time.Second, "the trap is set", func() bool { return p.Out.String() != "" })
	p.Signal(t, syscall.SIGTERM)
	if code := p.ExitCode(t); code != 7 {
		t.Errorf("exit code %d, not 7", code)
	}
}

func TestRSS(t *testing.T) {
	p, address := Memcached(t)
	before := p.RSS(t)
	body := strings.Repeat("x", 1<<19)
	for key := range strings.FieldsSeq("a b c d e f g h i j k l m n o p q r s t") {
		Dial(t, address).Expect(t, "set "+key+" 0 0 524288\r\n"+body+"\r\n", "STORED\r\n")
	}
	if grown := p.RSS(t) - before; grown < 8<<20 || grown > 40<<20 {
		t.Errorf("10 MB of values made it grow by %d bytes", grown)
	}
}

func TestListeners(t *testing.T) {
	p, address := Memcached(t)
	if got := p.Listeners(t); !slices.Equal(got, []string{address}) {
		t.Errorf("memcached listens on %v, not on %v alone", got, address)
	}
	// A process of a test may listen beyond loopback only inside a namespace; the
	// parser is tried on the kernel's lines instead.
	const line = "   0: 00000000:2BCB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9999 1 0"
	if got, inode, ok := listening(line); got != "0.0.0.0:11211" || inode != "9999" || !ok {
		t.Errorf("%q %q %v", got, inode, ok)
	}
	const six = "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 7 1"
	if got, _, ok := listening(six); got != "[::1]:80" || !ok {
		t.Errorf("%q %v", got, ok)
	}
	if _, _, ok := listening("  sl  local_address rem_address   st"); ok {
		t.Error("the heading was taken for a socket")
	}
}

func TestFreeAddress(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		address := FreeAddress(t)
		if seen[address] {
			t.Fatalf("%s twice", address)
		}
		seen[address] = true
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
	}
}

func TestLogKeepsTheEnd(t *testing.T) {
	var log Log
	for range 1000 {
		_, _ = log.Write([]byte(strings.Repeat("x", 999) + "\n"))
	}
	_, _ = log.Write([]byte("a\nb"))
	if kept := len(log.String()); kept != logBound {
		t.Errorf("%d bytes kept, not %d", kept, logBound)
	}
	if tail := log.Tail(2); tail != "a\nb" {
		t.Errorf("tail %q", tail)
	}
}

func TestAlarm(t *testing.T) {
	for text, want := range map[string]string{
		"{\"level\":\"info\"}\npanic: oh\n\ngoroutine 1": "panic: ", "==\nWARNING: DATA RACE\n": "WARNING: DATA RACE",
		"fatal error: out of memory": "fatal error: ", "nothing to panic about": "",
	} {
		if got := alarm(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

// shell returns the path of a shell, for processes that do what a test wants.
func shell(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	return path
}
