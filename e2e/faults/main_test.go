// Package faults breaks things: processes are killed, stopped and told to end,
// clients misbehave, configurations are wrong. What is left works on, what fails
// says so, and nothing hangs.
package faults

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// commandDeadline is how long a command may take before it is answered by an
// error: the default of the gateway's setting. slack is for a busy machine.
const (
	commandDeadline = 5 * time.Second
	slack           = 2 * time.Second
)

// allowed is a bound on time, under the race detector a wider one.
func allowed(d time.Duration) time.Duration { return time.Duration(harness.Allowance()) * d }

// wantServerError fails the test unless reply is a SERVER_ERROR.
func wantServerError(t *testing.T, command, reply string) {
	t.Helper()
	if !strings.HasPrefix(reply, "SERVER_ERROR ") {
		t.Errorf("%q was answered %q, not with a SERVER_ERROR", command, reply)
	}
}
