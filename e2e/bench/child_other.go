//go:build !linux

package main

import (
	"errors"
	"fmt"
	"syscall"
)

func dieWithParent() *syscall.SysProcAttr { return nil }

// raiseFileLimit ends the program: without /proc and epoll there is nothing to measure with.
func raiseFileLimit() error {
	return fmt.Errorf("the benchmark needs Linux: %w", errors.ErrUnsupported)
}
