package harness

import (
	"os"
	"path/filepath"
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

// PublicFile writes a file that everybody may read: memcached runs as nobody.
func PublicFile(t testing.TB, text string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "public") //nolint:usetesting // a test's own folder is for its user alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
