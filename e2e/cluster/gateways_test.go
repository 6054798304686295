package cluster

import (
	"testing"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/e2e/harness"
)

// Gateways are services of Consul as long as they run, and say how they are.
func TestGatewaysAreServices(t *testing.T) {
	t.Parallel()
	agent := registrytest.StartAgent(t, nil)
	c := harness.StartCluster(t, harness.ClusterOptions{Gateways: 2, Consul: []string{agent.Address}})
	consul, err := registry.NewConsul(registry.ConsulOptions{Address: agent.Address, Cluster: "e2e", Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = consul.Close() })
	passing := func(addresses ...string) func() bool {
		return func() bool {
			gateways, err := consul.Gateways(t.Context())
			found := map[string]bool{}
			for _, g := range gateways {
				found[g.Address] = g.Status == "passing"
			}
			for _, a := range addresses {
				if !found[a] {
					return false
				}
			}
			return err == nil && len(found) == len(addresses)
		}
	}
	harness.Eventually(t, patience, "both gateways are services", passing(c.Gateways[0].Address, c.Gateways[1].Address))
	c.Gateways[1].Stop(t)
	if !passing(c.Gateways[0].Address)() {
		t.Error("a gateway that has ended is a service still")
	}
}
