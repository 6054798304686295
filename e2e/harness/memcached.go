package harness

import (
	"testing"
)

// Memcached starts Debian's memcached, the live reference, with more arguments if
// wanted, and returns it and its address.
func Memcached(t testing.TB, args ...string) (*Process, string) {
	t.Helper()
	path := DebianProgram(t, "memcached", "memcached")
	address := FreeAddress(t)
	all := append([]string{"-u", "nobody", "-l", "127.0.0.1", "-p", Port(address), "-U", "0", "-m", "100"}, args...)
	p := Start(t, "memcached", path, all...)
	p.WaitListening(t, "tcp", address)
	return p, address
}
