package clients

import (
	"path/filepath"
	"testing"
)

// The clients of other languages are used by a script for each, in testdata: it gets
// the server's address and the protocol, ends with 0 if every answer was the
// expected one, and otherwise says which was not.

// python is Debian's, for which Debian's packages of clients are. Another one may
// come first in the path.
const python = "/usr/bin/python3"

const text = "text"

func TestPymemcache(t *testing.T) {
	both(t, script(python, "python_pymemcache.py", "python3-pymemcache", text))
}

func TestPylibmc(t *testing.T) {
	both(t, script(python, "python_pylibmc.py", "python3-pylibmc", text))
}

func TestPHPMemcached(t *testing.T) {
	both(t, script("php", "php_memcached.php", "php-cli php-memcached", text))
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
