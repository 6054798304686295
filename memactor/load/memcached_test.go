package load

import (
	"net"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"
)

// memcached starts the real one on a unix socket and on a TCP port, with the extra arguments; it ends with the test.
// Without memcached these tests fail: skipped tests prove nothing.
func memcached(t *testing.T, args ...string) (socket, address string) {
	t.Helper()
	path, err := exec.LookPath("memcached")
	if err != nil {
		t.Fatalf("this test needs memcached in PATH (Debian: apt-get install memcached): %v", err)
	}
	socket = filepath.Join(t.TempDir(), "mc.sock")
	runMemcached(t, path, socket, append(args, "-s", socket)...)
	address = freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	runMemcached(t, path, address, append(args, "-l", "127.0.0.1", "-p", port)...)
	return socket, address
}

func runMemcached(t *testing.T, path, server string, args ...string) {
	t.Helper()
	if me, err := user.Current(); err == nil && me.Uid == "0" {
		args = append(args, "-u", "root") // it refuses to run as root unless told so
	}
	cmd := exec.Command(path, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	awaitServer(t, server)
}

func awaitServer(t *testing.T, server string) {
	t.Helper()
	cfg := Config{Server: server}
	network, address, err := cfg.endpoint()
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if conn, err := net.DialTimeout(network, address, time.Second); err == nil {
			_ = conn.Close()
			return
		}
	}
	t.Fatalf("memcached did not listen on %s within 10 s", server)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
