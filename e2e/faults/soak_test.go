package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
)

// TestSoak lets faults of all kinds happen at random to a cluster under load, for
// MEMACTOR_SOAK (8s), and checks what its clients were answered.
func TestSoak(t *testing.T) {
	t.Parallel()
	length := 8 * time.Second
	if text := os.Getenv("MEMACTOR_SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3, Gateways: 2, GatewayArgs: []string{"--timeout", "1s"}})
	keys := []string{consistency.Counter("1"), consistency.Counter("2")}
	for i := range 60 {
		keys = append(keys, fmt.Sprintf("key-%d", i))
	}
	load := consistency.Load{
		Addresses: []string{c.Gateways[0].Address, c.Gateways[1].Address}, Keys: keys, Clients: 8, Seed: seed,
		Patience: 4 * time.Second, Pause: 10 * time.Millisecond,
	}.Start()
	for load.Now() < length {
		time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		fault(t, c, random)
	}
	c.WaitReady(t)
	time.Sleep(2 * time.Second)
	calm := load.Now()
	time.Sleep(time.Second)
	h := load.Stop()
	if err := h.Check(consistency.Rules{Lossy: true}); err != nil {
		t.Error(err)
	}
	after := h.Since(calm)
	if failed := len(after.Operations) - after.Count(consistency.Done); failed > 0 || len(after.Operations) == 0 {
		t.Errorf("when all was well again %d of %d operations failed: %v", failed, len(after.Operations), after.Messages())
	}
	t.Logf("%d operations, %d done, %d unknown, %d refused, %d connections broken",
		len(h.Operations), h.Count(consistency.Done), h.Count(consistency.Unknown), h.Count(consistency.Refused), h.Broken)
}

// fault lets one thing go wrong, and ends it.
func fault(t *testing.T, c *harness.Cluster, random *rand.Rand) {
	t.Helper()
	node := c.Nodes[random.IntN(len(c.Nodes))]
	gateway := c.Gateways[random.IntN(len(c.Gateways))]
	moment := time.Duration(random.IntN(1500)) * time.Millisecond
	switch random.IntN(4) {
	case 0:
		node.Kill(t)
		time.Sleep(moment)
		node.Restart(t)
	case 1:
		node.Stop(t)
		time.Sleep(moment)
		node.Restart(t)
	case 2:
		node.Pause(t)
		time.Sleep(moment)
		node.Resume(t)
	case 3:
		gateway.Kill(t)
		time.Sleep(moment / 3)
		gateway.Restart(t)
	}
}
