package conformance

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/memactor/memactor/e2e/differential"
	"github.com/memactor/memactor/e2e/harness"
)

// TestLikeMemcached plays random scripts on Debian's memcached and on a cluster,
// and wants equal replies. RAPID_CHECKS is how many scripts (100), RAPID_SEED
// repeats a run; a failure is printed with its seed and the shortest script that
// was found to show it.
func TestLikeMemcached(t *testing.T) {
	reference := differential.Reference(t)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	rapid.Check(t, func(t *rapid.T) {
		if err := differential.Compare(reference, c.Address(), differential.Scripts().Draw(t, "script")); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMetaLikeMemcached does the same with meta commands among them.
func TestMetaLikeMemcached(t *testing.T) {
	reference := differential.Reference(t)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	rapid.Check(t, func(t *rapid.T) {
		if err := differential.Compare(reference, c.Address(), differential.MetaScripts().Draw(t, "script")); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBinaryLikeMemcached is TestLikeMemcached of the binary protocol.
func TestBinaryLikeMemcached(t *testing.T) {
	reference := differential.Reference(t)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	rapid.Check(t, func(t *rapid.T) {
		if err := differential.CompareBinary(reference, c.Address(), differential.BinaryScripts().Draw(t, "script")); err != nil {
			t.Fatal(err)
		}
	})
}
