package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// Ports are taken from below the range that the kernel uses for outgoing
// connections, so that no connection of another test takes one between its
// choice here and the bind of the process that it was chosen for.
const (
	lowestPort = 20000
	ports      = 12000
)

// taken are the files of the ports that this process has handed out; see claim.
var taken sync.Map

// FreeAddress returns a 127.0.0.1 address on which nothing listens now.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := lowestPort + rand.IntN(ports)
		if !claim(t, port) {
			continue
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if bindable(address) {
			return address
		}
	}
	t.Fatal("harness: no free port found")
	return ""
}

// claim takes a port for this process, for as long as it lives: tests of several
// packages run at the same time, and not even to look whether a port is free may one
// of them listen on what another has chosen. False: it is taken.
func claim(t testing.TB, port int) bool {
	t.Helper()
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("memactor-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return false
	}
	taken.Store(port, file) // an open file holds its lock
	return true
}

// Port returns the port of an address of the form host:port.
func Port(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(fmt.Sprintf("harness: %v", err))
	}
	return port
}

func bindable(address string) bool {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}
