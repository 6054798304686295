package security

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/certs/certstest"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/memactor/inspect"
)

// TestMutualTLSInConsul: the agent's health check, which has no certificate, finds
// nodes that speak mutual TLS alive, and one that is killed dead; the operator's
// command sees them with a certificate of the cluster, and says what is wrong without.
func TestMutualTLSInConsul(t *testing.T) {
	t.Parallel()
	ca := certstest.NewAuthority(t, "ca")
	_, nodeArgs := membership(t, ca, "node")
	_, memberArgs := membership(t, ca, "member")
	agent := registrytest.StartAgent(t, nil)
	c := harness.StartCluster(t, harness.ClusterOptions{
		Nodes: 3, Consul: []string{agent.Address}, NodeArgs: append(nodeArgs, "--shards", "16"), GatewayArgs: memberArgs,
	})
	consul, err := api.NewClient(&api.Config{Address: agent.Address})
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, time.Minute, "the agent has asked the three nodes, and they are well", func() bool {
		checks, err := consul.Agent().ChecksWithFilter(`ServiceName == "e2e-shardnode"`) // the catalog has the output minutes later
		well := 0
		for _, check := range checks {
			if check.Status == api.HealthPassing && strings.Contains(check.Output, "success") {
				well++
			}
		}
		return err == nil && well == 3
	})
	awaitWhole(t, agent, memberArgs, 3)
	if view, text := look(t, agent); view.Healthy || !strings.Contains(text, "n1 at "+c.Node(t, "n1").GRPC) {
		t.Errorf("without a certificate: %+v\n%s", view, text)
	}

	c.Node(t, "n2").Kill(t)
	awaitWhole(t, agent, memberArgs, 2)
	conn := harness.Dial(t, c.Address())
	for i := range 64 {
		conn.Expect(t, fmt.Sprintf("set k%d 0 0 1\r\nx\r\n", i), "STORED\r\n")
	}
}

// awaitWhole waits until so many nodes have all shards, as the operator sees it.
func awaitWhole(t *testing.T, agent *registrytest.Agent, memberArgs []string, nodes int) {
	t.Helper()
	harness.Eventually(t, time.Minute, fmt.Sprint("whole, with ", nodes, " nodes"), func() bool {
		view, _ := look(t, agent, memberArgs...)
		return view.Healthy && len(view.Nodes) == nodes
	})
}

// look is what `memactor status` sees, and all that it prints.
func look(t *testing.T, agent *registrytest.Agent, args ...string) (view inspect.View, text string) {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), harness.Binary(t, harness.MemactorProgram),
		append([]string{"status", "--json", "--consul", agent.Address, "--cluster", "e2e"}, args...)...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &stderr, harness.Environment()
	_ = cmd.Run() // 1 if not all is well, which the view tells
	if err := json.Unmarshal(out.Bytes(), &view); err != nil {
		t.Fatalf("%v:\n%s%s", err, &out, &stderr)
	}
	return view, out.String() + stderr.String()
}
