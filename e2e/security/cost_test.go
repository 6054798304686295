package security

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/certs/certstest"
	"github.com/memactor/memactor/e2e/harness"
)

// BenchmarkTLS is what TLS costs, here and in memcached: gets of 100 bytes, 50
// connections with 32 in flight on each, and the memory of an idle connection.
func BenchmarkTLS(b *testing.B) {
	ca := certstest.NewAuthority(b, "ca")
	pair := readable(b, ca.Issue(b, "server", "127.0.0.1"))
	secured := []string{"-Z", "-o", "ssl_chain_cert=" + pair.Cert + ",ssl_key=" + pair.Key}
	config := &tls.Config{InsecureSkipVerify: true, ServerName: "127.0.0.1"}
	limit := []string{"-c", "4096"}
	for _, system := range []struct {
		name   string
		args   []string
		config *tls.Config
	}{{"plain", limit, nil}, {"tls", append(limit, secured...), config}} {
		b.Run("memactor/"+system.name, func(b *testing.B) {
			c := harness.StartCluster(b, harness.ClusterOptions{Nodes: 1, GatewayArgs: system.args})
			cost(b, c.Gateways[0].Process, c.Address(), system.config)
		})
		b.Run("memcached/"+system.name, func(b *testing.B) {
			p, address := harness.Memcached(b, system.args...)
			cost(b, p, address, system.config)
		})
	}
}

func cost(b *testing.B, p *harness.Process, address string, config *tls.Config) {
	b.Helper()
	const conns, pipeline, idle = 50, 32, 2000
	dial := func() *harness.Conn {
		if config == nil {
			return harness.Dial(b, address)
		}
		return harness.DialTLS(b, address, config)
	}
	body := strings.Repeat("v", 100)
	dial().Expect(b, "set key 0 0 100\r\n"+body+"\r\n", "STORED\r\n")
	ask, want := strings.Repeat("get key\r\n", pipeline), strings.Repeat("VALUE key 0 100\r\n"+body+"\r\nEND\r\n", pipeline)
	var all [conns]*harness.Conn
	for i := range all {
		all[i] = dial()
	}
	b.ResetTimer()
	var group sync.WaitGroup
	for _, conn := range all {
		group.Go(func() {
			for range (b.N + conns*pipeline - 1) / (conns * pipeline) {
				if err := conn.Send(ask); err != nil {
					b.Error(err)
					return
				}
				if got, err := conn.ReadFull(len(want)); got != want {
					b.Errorf("%s, %v", harness.Shorten(got), err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	before := settled(b, p)
	for range idle {
		dial().Expect(b, "get none\r\n", "END\r\n")
	}
	b.ReportMetric(float64(settled(b, p)-before)/idle, "B/idle")
}

// settled is the process's memory when it has had time to give some back.
func settled(b *testing.B, p *harness.Process) int {
	b.Helper()
	time.Sleep(2 * time.Second)
	return p.RSS(b)
}

// readable copies a pair to where memcached, which runs as nobody, can read it.
func readable(b *testing.B, from certstest.Pair) certstest.Pair {
	b.Helper()
	dir := filepath.Dir(harness.PublicFile(b, ""))
	to := certstest.Pair{Cert: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key")}
	for source, target := range map[string]string{from.Cert: to.Cert, from.Key: to.Key} {
		text, err := os.ReadFile(source)
		if err == nil {
			err = os.WriteFile(target, text, 0o644)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return to
}
