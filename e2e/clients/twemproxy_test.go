package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/memactor/memactor/e2e/harness"
)

// TestTwemproxy puts twemproxy in front of two gateways, where somebody may have it
// in front of two memcacheds now.
func TestTwemproxy(t *testing.T) {
	t.Run("memactor", func(t *testing.T) {
		c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3, Gateways: 2})
		proxy := twemproxy(t, c.Gateways[0].Address, c.Gateways[1].Address)
		throughTwemproxy(t, proxy)
		whicheverGateway(t, proxy, c)
	})
	t.Run("memcached", func(t *testing.T) {
		_, first := harness.Memcached(t)
		_, second := harness.Memcached(t)
		throughTwemproxy(t, twemproxy(t, first, second))
	})
}

// throughTwemproxy does what twemproxy lets through: not gat, for one.
func throughTwemproxy(t *testing.T, address string) {
	t.Helper()
	client := newClient(address)
	defer func() { _ = client.Close() }()
	storing(t, client)
	comparing(t, client)
	counting(t, client)
	touching(t, client)
	reading(t, client)
	check(t, "Delete", client.Delete("a"), nil)
	check(t, "Delete again", client.Delete("a"), memcache.ErrCacheMiss)
}

// whicheverGateway reads from each gateway what was stored through the proxy, which
// sends each key to one of them: it does not matter.
func whicheverGateway(t *testing.T, proxy string, c *harness.Cluster) {
	t.Helper()
	writer := newClient(proxy)
	defer func() { _ = writer.Close() }()
	for i := range 20 {
		check(t, "Set", writer.Set(&memcache.Item{Key: fmt.Sprintf("either-%d", i), Value: []byte("x")}), nil)
	}
	for _, gateway := range c.Gateways {
		reader := newClient(gateway.Address)
		for i := range 20 {
			want(t, reader, fmt.Sprintf("either-%d", i), "x", 0)
		}
		_ = reader.Close()
	}
}

// twemproxy starts a twemproxy in front of the servers and returns its address.
func twemproxy(t *testing.T, servers ...string) string {
	t.Helper()
	dir, address := t.TempDir(), harness.FreeAddress(t)
	config := filepath.Join(dir, "nutcracker.yml")
	pool := "pool:\n  listen: " + address + `
  hash: fnv1a_64
  distribution: ketama
  servers:
   - ` + strings.Join(servers, ":1\n   - ") + ":1\n"
	if err := os.WriteFile(config, []byte(pool), 0o600); err != nil {
		t.Fatal(err)
	}
	program := harness.DebianProgram(t, "nutcracker", "nutcracker")
	p := harness.Start(t, "twemproxy", program, "-c", config, "-a", "127.0.0.1",
		"-s", harness.Port(harness.FreeAddress(t)), "-p", filepath.Join(dir, "pid"))
	p.WaitListening(t, "tcp", address)
	return address
}
