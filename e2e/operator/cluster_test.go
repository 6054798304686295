package operator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/memactor/inspect"
)

// cluster is three nodes and a gateway that find each other through Consul.
type cluster struct {
	agent   *registrytest.Agent
	nodes   map[string]*harness.ShardNode
	gateway *harness.Gateway
}

// consul are the arguments that name the cluster.
func (c *cluster) consul() []string {
	return []string{"--consul", c.agent.Address, "--cluster", "shop"}
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{agent: registrytest.StartAgent(t, nil), nodes: map[string]*harness.ShardNode{}}
	for _, id := range []string{"n1", "n2", "n3"} {
		n := &harness.ShardNode{ID: id, GRPC: harness.FreeAddress(t), Admin: harness.FreeAddress(t)}
		n.Process = harness.Start(t, id, harness.Binary(t, harness.ShardNodeProgram), append([]string{
			"--id", id, "--grpc", n.GRPC, "--admin", n.Admin, "--zone", "z-" + id, "--log-format", "json",
		}, c.consul()...)...)
		c.nodes[id] = n
	}
	g := &harness.Gateway{Address: harness.FreeAddress(t), Admin: harness.FreeAddress(t)}
	g.Process = harness.Start(t, "g1", harness.Binary(t, harness.GatewayProgram), append([]string{
		"-l", "127.0.0.1", "-p", harness.Port(g.Address), "--admin", g.Admin, "--log-format", "json",
	}, c.consul()...)...)
	c.gateway = g
	for _, n := range c.nodes {
		n.WaitReady(t, n.Admin)
	}
	g.WaitReady(t, g.Admin)
	c.awaitWhole(t, 3)
	return c
}

// outcome is how a command of the program ended.
type outcome struct {
	code        int
	out, stderr string
}

// memactor runs the program, for a cluster in Consul.
func (c *cluster) memactor(t *testing.T, command string, args ...string) outcome {
	t.Helper()
	return run(t, append(append([]string{command}, c.consul()...), args...)...)
}

func run(t *testing.T, args ...string) outcome {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), harness.Binary(t, harness.MemactorProgram), args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &stderr, harness.Environment()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), stderr.String()}
}

func decode[T any](t *testing.T, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return value
}

// awaitWhole waits until status says that the cluster is whole, with so many nodes,
// each with shards.
func (c *cluster) awaitWhole(t *testing.T, nodes int) inspect.View {
	t.Helper()
	var v inspect.View
	harness.Eventually(t, 60*time.Second, fmt.Sprint("whole, with ", nodes, " nodes"), func() bool {
		o := c.memactor(t, "status", "--json")
		if o.code == 2 || o.out == "" {
			t.Fatalf("%+v", o)
		}
		v = decode[inspect.View](t, o.out)
		if v.Healthy != (o.code == 0) {
			t.Fatalf("exit code %d, and healthy %v", o.code, v.Healthy)
		}
		return v.Healthy && len(v.Nodes) == nodes && !slices.ContainsFunc(v.Nodes, func(n inspect.Node) bool { return n.Shards == 0 })
	})
	return v
}

// nodeOf is a node's row, by its id.
func nodeOf(t *testing.T, v inspect.View, id string) inspect.Node {
	t.Helper()
	for _, n := range v.Nodes {
		if n.ID == id {
			return n
		}
	}
	t.Fatalf("no %s in %+v", id, v.Nodes)
	return inspect.Node{}
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}
