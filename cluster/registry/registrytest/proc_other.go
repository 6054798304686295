//go:build !linux

package registrytest

import (
	"syscall"
	"testing"
)

// dieWithParent is for Linux only: elsewhere a test that is killed leaves its
// agent behind.
func dieWithParent() *syscall.SysProcAttr { return nil }

// awaitStopped is for Linux only.
func awaitStopped(testing.TB, int) {}
