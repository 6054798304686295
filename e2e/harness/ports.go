package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports are taken from below the range that the kernel uses for outgoing
// connections, so that no connection of another test takes one between its
// choice here and the bind of the process that it was chosen for.
const (
	lowestPort = 20000
	ports      = 12000
)

// taken are the ports that this process handed out before.
var taken sync.Map

// FreeAddress returns a 127.0.0.1 address on which nothing listens now.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := lowestPort + rand.IntN(ports)
		if _, again := taken.LoadOrStore(port, true); again {
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
