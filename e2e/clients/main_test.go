// Package clients holds memactor against clients that others wrote: what they do
// with memcached, they have to do with memactor.
package clients

import (
	"os"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// both runs a test against a cluster and, to prove the test, against memcached.
func both(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("memactor", func(t *testing.T) {
		test(t, harness.StartCluster(t, harness.ClusterOptions{Nodes: 3}).Address())
	})
	t.Run("memcached", func(t *testing.T) {
		_, address := harness.Memcached(t)
		test(t, address)
	})
}
