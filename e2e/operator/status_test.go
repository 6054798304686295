package operator

import (
	"fmt"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/memactor/inspect"
)

// TestLooks looks at a cluster while it is well, while a node of it has just been
// killed, when the others have taken its shards, and without Consul.
func TestLooks(t *testing.T) {
	c := startCluster(t)
	conn := harness.Dial(t, c.gateway.Address)
	for i := range 50 {
		if reply := conn.Do(t, fmt.Sprintf("set key-%d 0 0 1\r\nx\r\n", i)); reply != "STORED\r\n" {
			t.Fatal(reply)
		}
	}
	c.isWell(t)
	c.knowsRoutes(t)

	c.nodes["n2"].Kill(t)
	o := c.memactor(t, "status")
	if o.code != 1 {
		t.Errorf("exit code %d with a node killed", o.code)
	}
	wantIn(t, o.out, "no answer", "! n2 at "+c.nodes["n2"].GRPC)
	wantIn(t, o.stderr, "the cluster is not whole")
	if v := c.awaitWhole(t, 2); v.Map.Shards != 1024 {
		t.Errorf("%+v", v)
	}

	c.agent.Kill()
	o = c.memactor(t, "status", "--timeout", "1s")
	if o.code != 1 || o.out != "" {
		t.Errorf("without Consul: %+v", o)
	}
	wantIn(t, o.stderr, "registry unavailable", c.agent.Address, "--ask HOST:PORT")
	o = run(t, "status", "--ask", c.nodes["n1"].GRPC)
	if o.code != 0 {
		t.Errorf("by a node: %+v", o)
	}
	wantIn(t, o.out, "from the node at "+c.nodes["n1"].GRPC, "whole")
}

func (c *cluster) isWell(t *testing.T) {
	t.Helper()
	v := c.awaitWhole(t, 3)
	keys, shards := uint64(0), 0
	for _, n := range v.Nodes {
		keys, shards = keys+n.Keys, shards+n.Shards
		if n.Zone != "z-"+n.ID || n.State != inspect.Live || n.Memory == 0 || n.MapVersion != v.Map.Version || n.Address != c.nodes[n.ID].GRPC {
			t.Errorf("%+v", n)
		}
	}
	if keys != 50 || shards != 1024 {
		t.Errorf("%d keys, %d shards", keys, shards)
	}
	if v.Coordinator == nil || nodeOf(t, v, *v.Coordinator).State != inspect.Live {
		t.Errorf("coordinator %v", v.Coordinator)
	}
	if len(v.Gateways) != 1 || v.Gateways[0].Address != c.gateway.Address || v.Gateways[0].Status != "passing" {
		t.Errorf("gateways %+v", v.Gateways)
	}
	wantIn(t, c.memactor(t, "status").out, "coordinator "+*v.Coordinator, c.gateway.Address, "whole")
	wantIn(t, c.memactor(t, "nodes").out, "z-n1", "z-n2", "z-n3")
}

// knowsRoutes compares with what the nodes tell a stranger.
func (c *cluster) knowsRoutes(t *testing.T) {
	t.Helper()
	owners := (&harness.Cluster{Nodes: []*harness.ShardNode{c.nodes["n1"]}}).Owners(t)
	rows := decode[[]inspect.Shard](t, c.memactor(t, "shards", "--json").out)
	for _, key := range []string{"a", "user:42", "key-7"} {
		found := decode[inspect.Route](t, c.memactor(t, "route", "--json", key).out)
		if found.Owner != owners.Of(key) || uint32(found.Shard) != owners.Shard(key) || rows[found.Shard].Place != found.Place {
			t.Errorf("%s: %+v", key, found)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	c := startCluster(t)
	o := run(t, "status", "--consul", c.agent.Address, "--cluster", "shpo")
	if o.code != 1 || o.out != "" {
		t.Errorf("%+v", o)
	}
	wantIn(t, o.stderr, `no such cluster: cluster "shpo"`, "its clusters: shop")
	o = c.memactor(t, "drain", "n11")
	if o.code != 1 || o.out != "" {
		t.Errorf("%+v", o)
	}
	wantIn(t, o.stderr, `unknown node: node "n11"`, `did you mean "n1"?`, "allowed: n1, n2, n3")
}
