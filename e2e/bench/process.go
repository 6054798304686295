package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Deadlines of every wait for a server.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
)

// process is a server that this program has started.
type process struct {
	name   string
	cmd    *exec.Cmd
	output *tail
	exited chan struct{}
}

// start runs a program. What it prints is kept for error messages.
func start(name, path string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(path, args...), output: &tail{}, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = dieWithParent()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended does not matter, that it did is what the waits look at
		close(p.exited)
	}()
	return p, nil
}

func (p *process) pid() string { return strconv.Itoa(p.cmd.Process.Pid) }

// stop asks the process to end, and kills it if it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// await polls check until it is true; a process that has ended, or startTimeout, is an error.
func (p *process) await(ctx context.Context, what string, check func() bool) error {
	deadline := time.After(startTimeout)
	for !check() {
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended before it was %s: %s", p.name, what, p.output)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline:
			return fmt.Errorf("%s was not %s within %v: %s", p.name, what, startTimeout, p.output)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// ticksPerSecond is the unit of CPU times in /proc/PID/stat: USER_HZ, 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// cpu is the CPU time that the process has used so far, in user and kernel.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + p.pid() + "/stat")
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.name, err)
	}
	return parseStat(text)
}

// parseStat reads utime and stime, the 14th and 15th field of /proc/PID/stat. The second field, the name, is in
// parentheses and may hold anything, so the fields are counted from its end.
func parseStat(text []byte) (time.Duration, error) {
	_, rest, found := bytes.Cut(text[bytes.LastIndexByte(text, ')')+1:], []byte(" "))
	fields := strings.Fields(string(rest))
	const utime, stime = 14 - 3, 15 - 3
	if !found || len(fields) <= stime {
		return 0, fmt.Errorf("%w: %q", errProc, text)
	}
	user, err1 := strconv.ParseInt(fields[utime], 10, 64)
	system, err2 := strconv.ParseInt(fields[stime], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return 0, fmt.Errorf("%w: %w", errProc, err)
	}
	return time.Duration(user+system) * (time.Second / ticksPerSecond), nil
}

// errProc is a file of /proc that does not look as it should.
var errProc = errors.New("cannot be read")

// rss is the resident memory of the process in bytes.
func (p *process) rss() (int64, error) {
	text, err := os.ReadFile("/proc/" + p.pid() + "/status")
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.name, err)
	}
	return parseStatus(text)
}

// parseStatus reads the line "VmRSS:     1234 kB" of /proc/PID/status.
func parseStatus(text []byte) (int64, error) {
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%w: %w", errProc, err)
			}
			return kilobytes << 10, nil
		}
	}
	return 0, fmt.Errorf("%w: no VmRSS", errProc)
}

// tail keeps the end of what a process prints.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return "it printed nothing"
	}
	return string(t.text)
}
