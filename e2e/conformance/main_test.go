// Package conformance holds what memactor answers against what memcached answers:
// recorded, live, in the transcripts that explain the protocol, and to inputs that broke other servers. The checks are proven on
// memcached itself where that is possible.
package conformance

import (
	"flag"
	"os"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMain(m *testing.M) {
	_ = flag.Set("rapid.nofailfile", "true") // the seed is enough to see a failure again
	os.Exit(harness.Main(m))
}
