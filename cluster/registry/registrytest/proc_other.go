//go:build !linux

package registrytest

import (
	"syscall"
	"testing"
)

// dieWithParent is for Linux only: elsewhere a test that is killed leaves its
// agent behind.
func dieWithParent() *syscall.SysProcAttr { return nil }

// AwaitStopped is for Linux only.
func AwaitStopped(testing.TB, int) {}
