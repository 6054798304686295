package harness

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry/registrytest"
)

// ExitTimeout bounds every wait for a process's end.
const ExitTimeout = 20 * time.Second

// failureLines is how much of a process's output goes into a failed test's log.
const failureLines = 60

// Process is a program under test. A test drives it from one goroutine.
type Process struct {
	// Name says in a test's log which of several processes this is.
	Name string
	// Out is what the process prints on both of its outputs.
	Out *Log

	path string
	args []string
	run  *run
}

// run is one life of a process; a restart begins another.
type run struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended and was reaped
}

// Start starts a program. It is killed when the test ends.
func Start(t testing.TB, name, path string, args ...string) *Process {
	t.Helper()
	p := &Process{Name: name, Out: &Log{}, path: path, args: args}
	p.begin(t)
	t.Cleanup(func() { p.cleanUp(t) })
	return p
}

// Pid is the process id of the current run.
func (p *Process) Pid() int { return p.run.cmd.Process.Pid }

// Restart starts a process that has ended, with the arguments it had.
func (p *Process) Restart(t testing.TB) {
	t.Helper()
	if !p.Ended(0) {
		t.Fatalf("harness: %s: restarted while it runs", p.Name)
	}
	p.begin(t)
}

// Stop asks the process to end (SIGTERM) and fails the test unless it exits with
// code 0 within ExitTimeout.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	if code := p.ExitCode(t); code != 0 {
		t.Errorf("harness: %s: exit code %d after SIGTERM, not 0", p.Name, code)
	}
}

// Kill ends the process as a crash would (SIGKILL) and waits until it is gone.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	p.Signal(t, syscall.SIGKILL)
	p.ExitCode(t)
}

// Pause stops the process where it is (SIGSTOP): when it returns, and until Resume,
// the process holds its connections and answers nothing.
func (p *Process) Pause(t testing.TB) {
	t.Helper()
	p.Signal(t, syscall.SIGSTOP)
	registrytest.AwaitStopped(t, p.Pid())
}

// Resume lets a paused process go on (SIGCONT).
func (p *Process) Resume(t testing.TB) { t.Helper(); p.Signal(t, syscall.SIGCONT) }

// Signal sends a signal to the process, which has to be running.
func (p *Process) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := p.run.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("harness: %s: %v: %v\n%s", p.Name, signal, err, p.Out.Tail(failureLines))
	}
}

// Ended reports whether the process has ended, waiting for that up to patience.
func (p *Process) Ended(patience time.Duration) bool {
	select {
	case <-p.run.done:
		return true
	default:
	}
	select {
	case <-p.run.done:
		return true
	case <-time.After(patience):
		return false
	}
}

// ExitCode waits for the process's end, up to ExitTimeout, and returns its exit
// code; -1 is an end by a signal.
func (p *Process) ExitCode(t testing.TB) int {
	t.Helper()
	if !p.Ended(ExitTimeout) {
		t.Fatalf("harness: %s: still running after %v\n%s", p.Name, ExitTimeout, p.Out.Tail(failureLines))
	}
	return p.run.cmd.ProcessState.ExitCode()
}

func (p *Process) begin(t testing.TB) {
	t.Helper()
	r := &run{cmd: exec.Command(p.path, p.args...), done: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = p.Out, p.Out
	r.cmd.Env = Environment()
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := r.cmd.Start(); err != nil {
		t.Fatalf("harness: %s: %v", p.Name, err)
	}
	go r.reap()
	p.run = r
}

// Environment is the test's own without MEMACTOR_ keys: a program would take
// them for settings, and refuse the harness's own as unknown.
func Environment() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "MEMACTOR_") })
}

func (r *run) reap() {
	_ = r.cmd.Wait()
	close(r.done)
}

// cleanUp ends what still runs, fails the test if the process had printed what none
// may, and shows what a failed test's processes said.
func (p *Process) cleanUp(t testing.TB) {
	_ = p.run.cmd.Process.Kill() // fails only if it has ended before
	p.Ended(ExitTimeout)
	if alarm := alarm(p.Out.String()); alarm != "" {
		t.Errorf("harness: %s printed %q", p.Name, alarm)
	}
	if t.Failed() {
		t.Logf("the end of what %s (%s %v) printed:\n%s", p.Name, p.path, p.args, p.Out.Tail(failureLines))
	}
}

// alarm returns what a Go program prints when it has gone wrong at its root.
func alarm(text string) string {
	for _, sign := range []string{"WARNING: DATA RACE", "panic: ", "fatal error: "} {
		if strings.Contains(text, sign) {
			return sign
		}
	}
	return ""
}
