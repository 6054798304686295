package gateway

import (
	"fmt"
	"os"
	"strconv"
)

// writePid writes the process's id to path, unless path is empty. The file is there
// whole or not at all, and remove takes it away.
func writePid(path string) (remove func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	next := path + ".tmp"
	if err := os.WriteFile(next, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil { //nolint:gosec // it is for others to read
		return nil, fmt.Errorf("pidfile: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return nil, fmt.Errorf("pidfile: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil
}
