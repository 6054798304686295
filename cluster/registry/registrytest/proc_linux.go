package registrytest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// dieWithParent ends an agent with the test that started it, however that ends.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// AwaitStopped waits until the kernel has stopped all of a process: each of its threads
// takes the signal when it is its turn.
func AwaitStopped(t testing.TB, pid int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if len(threads) > 0 && !slices.ContainsFunc(threads, runs) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d does not stop", pid)
		}
	}
}

// runs says whether a thread, by its stat file, is there and not stopped.
func runs(file string) bool {
	text, err := os.ReadFile(file) //nolint:gosec // one of /proc
	_, state, _ := bytes.Cut(text, []byte(") "))
	return err == nil && !bytes.HasPrefix(state, []byte("T"))
}
