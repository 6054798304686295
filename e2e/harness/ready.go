package harness

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// ReadyTimeout bounds every wait for a process to begin its work.
const ReadyTimeout = 20 * time.Second

// Eventually calls ok until it returns true, and fails the test if that takes
// longer than patience. what says in the failure what was waited for.
func Eventually(t testing.TB, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("harness: not within %v: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// WaitReady waits until the process's /readyz on its admin address answers 200.
func (p *Process) WaitReady(t testing.TB, admin string) {
	t.Helper()
	p.waitFor(t, "/readyz on "+admin, func() bool { return Status("http://"+admin+"/readyz") == http.StatusOK })
}

// WaitListening waits until the process accepts connections at address.
func (p *Process) WaitListening(t testing.TB, network, address string) {
	t.Helper()
	p.waitFor(t, network+" "+address, func() bool {
		conn, err := net.DialTimeout(network, address, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// waitFor waits for a sign of life, and gives up at once if the process ends.
func (p *Process) waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	Eventually(t, ReadyTimeout, fmt.Sprintf("%s: %s", p.Name, what), func() bool {
		if p.Ended(0) {
			t.Fatalf("harness: %s ended with code %d before %s answered\n%s",
				p.Name, p.ExitCode(t), what, p.Out.Tail(failureLines))
		}
		return ok()
	})
}

// adminClient asks admin ports; it keeps no connections, so that none is left
// when the process is told to stop.
var adminClient = &http.Client{
	Timeout:   2 * time.Second,
	Transport: &http.Transport{DisableKeepAlives: true},
}

// Status returns the HTTP status that url answers with; 0: no answer.
func Status(url string) int {
	answer, err := adminClient.Get(url)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}
