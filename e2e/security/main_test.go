// Package security tests what keeps strangers out: TLS, mutual TLS,
// authentication, and limits.
package security

import (
	"os"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
