// Package consul tests registry.Consul with the real Consul agent: the registry's
// conformance test, and what can happen to a Consul and to the way to it.
package consul

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}
