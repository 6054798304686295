//go:build !linux

package registrytest

import "syscall"

// dieWithParent is for Linux only: elsewhere a test that is killed leaves its
// agent behind.
func dieWithParent() *syscall.SysProcAttr { return nil }
