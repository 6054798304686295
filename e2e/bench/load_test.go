package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/memactor/load"
)

// The generator against servers that it did not grow up with: every reply must be right in its eyes. (That it sees wrong
// ones is tested where it lives.)
func TestLoadAgainstMemcached(t *testing.T) {
	_, address := harness.Memcached(t)
	for name, change := range map[string]func(*load.Config){
		"plain":               func(*load.Config) {},
		"one at a time":       func(c *load.Config) { c.Connections, c.Pipeline = 1, 1 },
		"many connections":    func(c *load.Config) { c.Connections, c.Pipeline = 300, 4 },
		"deep pipeline":       func(c *load.Config) { c.Connections, c.Pipeline = 2, 5000 },
		"two threads":         func(c *load.Config) { c.Threads = 2 },
		"sets only":           func(c *load.Config) { c.Ratio = load.Ratio{Sets: 1, Gets: 0} },
		"multiget":            func(c *load.Config) { c.Multiget = 100 },
		"multiget, pipelined": func(c *load.Config) { c.Multiget, c.Pipeline = 50, 20 },
		"meta":                func(c *load.Config) { c.Protocol = load.Meta },
		"meta, multiget":      func(c *load.Config) { c.Protocol, c.Multiget, c.Pipeline = load.Meta, 50, 20 },
		"values of one byte":  func(c *load.Config) { c.Size = 1 },
		"values of 1 MB":      func(c *load.Config) { c.Size, c.Keys, c.Ratio = 1_000_000, 20, load.Ratio{Sets: 1, Gets: 1} },
	} {
		t.Run(name, func(t *testing.T) { runShort(t, address, change) })
	}
}

func TestLoadOverAUnixSocket(t *testing.T) {
	path := harness.DebianProgram(t, "memcached", "memcached")
	socket := filepath.Join(t.TempDir(), "mc.sock")
	p := harness.Start(t, "memcached", path, "-u", "root", "-s", socket)
	p.WaitListening(t, "unix", socket)
	runShort(t, socket, func(*load.Config) {})
}

func TestLoadThroughTwemproxy(t *testing.T) {
	s, err := startTwemproxy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	runShort(t, s.address, func(*load.Config) {})
	runShort(t, s.address, func(c *load.Config) { c.Multiget = 100 })
}

func TestAnEmptyServerMisses(t *testing.T) {
	_, address := harness.Memcached(t)
	result := runShort(t, address, func(c *load.Config) { c.Populate, c.Ratio = false, load.Ratio{Sets: 0, Gets: 1} })
	if result.Hits != 0 || result.Misses != result.Gets {
		t.Errorf("%+v", result)
	}
}

// runShort fails the test unless every reply was right.
func runShort(t *testing.T, address string, change func(*load.Config)) *load.Result {
	t.Helper()
	cfg := load.Default()
	cfg.Server, cfg.Populate = address, true
	cfg.Connections, cfg.Pipeline, cfg.Keys, cfg.Duration = 4, 8, 500, 150*time.Millisecond
	change(&cfg)
	result, err := load.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if result.Errors.Sum() != 0 || cfg.Populate && result.Misses != 0 || result.OpsPerSecond <= 0 {
		t.Fatalf("%+v", result)
	}
	return result
}
