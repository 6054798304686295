// Package cluster lets things happen to clusters that live in a real Consul: nodes
// come, leave, die and hang, and Consul itself goes away, forgets and comes back. All
// the while clients are served, and a checker knows what each was answered.
package cluster

import (
	"os"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
