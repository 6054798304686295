package daemon

import (
	"testing"

	"go.uber.org/goleak"
)

// No test of this package may leave a goroutine behind: a process that cannot
// end cleanly is what the package is there to prevent.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
