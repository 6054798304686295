// Package operator holds the tests of what people do to a running cluster: they
// look at it and take nodes out. The cluster is real processes and a real Consul.
package operator

import (
	"os"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
