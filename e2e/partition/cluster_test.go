//go:build netns

package partition

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

const (
	// commandDeadline is how long the gateways let a command take. slack is for a
	// busy machine.
	commandDeadline = 2 * time.Second
	slack           = 3 * time.Second
)

// network is a cluster whose every process is on a machine of its own.
type network struct {
	consul          host
	nodes, gateways []host
	cluster         *harness.Cluster
}

// build starts Consul, three nodes and two gateways, and waits until all are ready.
func build(t *testing.T) *network {
	t.Helper()
	if apart != nil {
		without(t, "network namespaces: "+apart.Error())
	}
	n := &network{
		consul:   newHost(t, "consul", "10.213.0.1"),
		nodes:    []host{newHost(t, "n1", "10.213.0.11"), newHost(t, "n2", "10.213.0.12"), newHost(t, "n3", "10.213.0.13")},
		gateways: []host{newHost(t, "g1", "10.213.0.21"), newHost(t, "g2", "10.213.0.22")},
		cluster:  &harness.Cluster{},
	}
	t.Cleanup(func() { heal(t) })
	n.startConsul(t)
	for _, h := range n.nodes {
		n.cluster.Nodes = append(n.cluster.Nodes, n.startNode(t, h))
	}
	for _, h := range n.gateways {
		n.cluster.Gateways = append(n.cluster.Gateways, n.startGateway(t, h))
	}
	n.cluster.WaitReady(t)
	return n
}

// without skips a test that cannot run here; in CI it fails.
func without(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test needs %s", what)
	}
	t.Skipf("skipped: this test needs %s", what)
}

func (n *network) startConsul(t *testing.T) {
	t.Helper()
	agent := filepath.Join(harness.Root(), "bin", "consul")
	if _, err := exec.LookPath(agent); err != nil {
		t.Fatalf("no Consul agent: make consul (%v)", err)
	}
	n.consul.start(t, agent, "agent", "-server", "-bootstrap-expect=1", "-node=consul", "-bind="+n.consul.ip.String(),
		"-client="+n.consul.ip.String(), "-data-dir="+t.TempDir(), "-log-level=warn",
		"-hcl=disable_update_check = true", "-hcl=performance { raft_multiplier = 1 }",
		"-hcl=ports { dns = -1 grpc_tls = -1 }")
}

// joins is how a process joins the cluster, as arguments.
func (n *network) joins(t *testing.T, h host) []string {
	t.Helper()
	return []string{
		"--consul", n.consul.at(8500), "--cluster", "e2e", "--map-copy", filepath.Join(t.TempDir(), h.name),
		"--admin", h.at(9150), "--log-format", "json",
	}
}

func (n *network) startNode(t *testing.T, h host) *harness.ShardNode {
	t.Helper()
	node := &harness.ShardNode{ID: h.name, GRPC: h.at(7411), Admin: h.at(9150)}
	node.Process = h.start(t, harness.Binary(t, harness.ShardNodeProgram),
		append(n.joins(t, h), "--id", node.ID, "--grpc", node.GRPC, "-m", "64")...)
	return node
}

func (n *network) startGateway(t *testing.T, h host) *harness.Gateway {
	t.Helper()
	g := &harness.Gateway{Address: h.at(11211), Admin: h.at(9150)}
	g.Process = h.start(t, harness.Binary(t, harness.GatewayProgram),
		append(n.joins(t, h), "-l", h.ip.String(), "--timeout", commandDeadline.String())...)
	return g
}
