package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// The clients of other languages are used by a script for each, in testdata: it gets
// the server's address and the protocol, ends with 0 if every answer was the
// expected one, and otherwise says which was not.

// python is Debian's, for which Debian's packages of clients are. Another one may
// come first in the path.
const python = "/usr/bin/python3"

// The protocols that a script may be told to speak.
const (
	text   = "text"
	binary = "binary"
)

func TestPymemcache(t *testing.T) {
	both(t, script(python, "python_pymemcache.py", "python3-pymemcache", text))
}

func TestPylibmc(t *testing.T) {
	both(t, script(python, "python_pylibmc.py", "python3-pylibmc", text))
}

func TestPylibmcInBinary(t *testing.T) {
	both(t, script(python, "python_pylibmc.py", "python3-pylibmc", binary))
}

func TestPythonBinaryMemcached(t *testing.T) {
	both(t, script(python, "python_bmemcached.py", "python3-binary-memcached", binary))
}

func TestPHPMemcached(t *testing.T) {
	both(t, script("php", "php_memcached.php", "php-cli php-memcached", text))
}

func TestPHPMemcachedInBinary(t *testing.T) {
	both(t, script("php", "php_memcached.php", "php-cli php-memcached", binary))
}

// TestSASL has clients say who they are. Debian's memcached would need a database of
// SASL's users for that; the scripts are proven without.
func TestSASL(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("ann:secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := harness.StartCluster(t, harness.ClusterOptions{GatewayArgs: []string{"-Y", users}})
	script(python, "python_bmemcached.py", "python3-binary-memcached", binary, "ann", "secret")(t, c.Address())
	script("php", "php_memcached.php", "php-cli php-memcached", binary, "ann", "secret")(t, c.Address())
	for _, password := range []string{"wrong", ""} {
		_, complaint, ok := run(t, "php", "php-cli php-memcached",
			filepath.Join("testdata", "php_memcached.php"), c.Address(), binary, "ann", password)
		if ok || !strings.Contains(complaint, "flush: got false") {
			t.Errorf("with the password %q: success %v, %q", password, ok, complaint)
		}
	}
}

func TestCacheMemcachedFast(t *testing.T) {
	both(t, script("perl", "perl_fast.pl", "libcache-memcached-fast-perl", text))
}

// script is a test that runs a script; debianPackages bring its interpreter and its
// client.
func script(interpreter, name, debianPackages string, args ...string) func(t *testing.T, address string) {
	return func(t *testing.T, address string) {
		t.Helper()
		all := append([]string{filepath.Join("testdata", name), address}, args...)
		out, complaint, ok := run(t, interpreter, debianPackages, all...)
		if !ok || out != "" {
			t.Errorf("%s: %s%s\n(if it cannot begin: apt-get install %s)", name, out, complaint, debianPackages)
		}
	}
}
