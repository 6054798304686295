package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// ClusterOptions says what a Cluster is made of. The zero value is one gateway
// and one shard node.
type ClusterOptions struct {
	// Nodes and Gateways are how many of each there are; 0 is one.
	Nodes, Gateways int
	// InTurn starts a node when the one before it listens. Those of a static list give the
	// same uniques to different keys if they start in the same millisecond.
	InTurn bool
	// Consul are agents' addresses: the processes join through them instead of by a
	// static list, each through the next. Each keeps a copy of the map.
	Consul []string
	// NodeArgs and GatewayArgs are more arguments for each node and gateway.
	NodeArgs, GatewayArgs []string
}

// Cluster is shard nodes and gateways that are joined by a static list of nodes, or
// through Consul.
type Cluster struct {
	Nodes    []*ShardNode
	Gateways []*Gateway

	options ClusterOptions
	copies  string // where the copies of the map are
	joined  int    // through Consul
}

// ShardNode is a running shard node.
type ShardNode struct {
	*Process
	ID    string // its id, n1 n2 n3 ...
	GRPC  string // where it serves ShardService
	Admin string // where it serves /readyz and /metrics
}

// Gateway is a running gateway.
type Gateway struct {
	*Process
	Address string // where it serves memcached clients by TCP
	Socket  string // and by unix socket
	Admin   string // where it serves /readyz and /metrics
}

// StartCluster starts a cluster and waits until all of it is ready.
func StartCluster(t testing.TB, options ClusterOptions) *Cluster {
	t.Helper()
	c := &Cluster{options: options, copies: t.TempDir()}
	for i := range max(options.Nodes, 1) {
		c.Nodes = append(c.Nodes, newShardNode(t, fmt.Sprintf("n%d", i+1)))
	}
	for _, node := range c.Nodes {
		c.start(t, node)
		if options.InTurn {
			node.WaitListening(t, "tcp", node.GRPC)
		}
	}
	for i := range max(options.Gateways, 1) {
		c.Gateways = append(c.Gateways, c.StartGateway(t, fmt.Sprintf("g%d", i+1), options.GatewayArgs...))
	}
	c.WaitReady(t)
	return c
}

func newShardNode(t testing.TB, id string) *ShardNode {
	t.Helper()
	return &ShardNode{ID: id, GRPC: FreeAddress(t), Admin: FreeAddress(t)}
}

// StartNode starts one more node of a cluster in Consul, without waiting until it
// is ready.
func (c *Cluster) StartNode(t testing.TB, id string, args ...string) *ShardNode {
	t.Helper()
	node := newShardNode(t, id)
	c.Nodes = append(c.Nodes, node)
	c.start(t, node, args...)
	return node
}

func (c *Cluster) start(t testing.TB, node *ShardNode, more ...string) {
	t.Helper()
	args := append(c.nodeArgs(node), c.Join("copy-"+node.ID)...)
	args = append(args, c.options.NodeArgs...)
	node.Process = Start(t, node.ID, Binary(t, ShardNodeProgram), append(args, more...)...)
}

// Join is how a process joins the cluster, as arguments; copy names its file for
// the map.
func (c *Cluster) Join(file string) []string {
	if len(c.options.Consul) == 0 {
		return c.NodeList()
	}
	agent := c.options.Consul[c.joined%len(c.options.Consul)]
	c.joined++
	return []string{"--consul", agent, "--cluster", "e2e", "--map-copy", filepath.Join(c.copies, file)}
}

// StartGateway starts one more gateway, without waiting until it is ready.
func (c *Cluster) StartGateway(t testing.TB, name string, args ...string) *Gateway {
	t.Helper()
	g := &Gateway{Address: FreeAddress(t), Socket: socket(t), Admin: FreeAddress(t)}
	all := append([]string{
		"-l", "127.0.0.1", "-p", Port(g.Address), "-s", g.Socket, "--admin", g.Admin, "--log-format", "json",
	}, c.Join("copy-"+name)...)
	g.Process = Start(t, name, Binary(t, GatewayProgram), append(all, args...)...)
	return g
}

// WaitReady waits until every node and every gateway is ready.
func (c *Cluster) WaitReady(t testing.TB) {
	t.Helper()
	for _, node := range c.Nodes {
		node.WaitReady(t, node.Admin)
	}
	for _, gateway := range c.Gateways {
		gateway.WaitReady(t, gateway.Admin)
	}
}

// Address is where the first gateway serves memcached clients.
func (c *Cluster) Address() string { return c.Gateways[0].Address }

// Node returns the node with that id.
func (c *Cluster) Node(t testing.TB, id string) *ShardNode {
	t.Helper()
	for _, node := range c.Nodes {
		if node.ID == id {
			return node
		}
	}
	t.Fatalf("harness: no node %q", id)
	return nil
}

// NodeList is the static list of the cluster's nodes as arguments.
func (c *Cluster) NodeList() []string {
	var args []string
	for _, node := range c.Nodes {
		args = append(args, "--node", node.ID+"="+node.GRPC)
	}
	return args
}

func (c *Cluster) nodeArgs(node *ShardNode) []string {
	return []string{"--id", node.ID, "--grpc", node.GRPC, "--admin", node.Admin, "-m", "256", "--log-format", "json"}
}

// socket returns a path for a unix socket. A test's own folder may have too long a
// name: the kernel takes 107 bytes.
func socket(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "m") //nolint:usetesting // short, see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// Dev is `memactor dev`: a gateway and shard nodes in one process.
type Dev struct {
	*Process
	Address string
	Socket  string
	Admin   string
}

// StartDev starts `memactor dev` with more arguments if wanted, and waits until
// it is ready.
func StartDev(t testing.TB, args ...string) *Dev {
	t.Helper()
	d := &Dev{Address: FreeAddress(t), Socket: socket(t), Admin: FreeAddress(t)}
	all := append([]string{
		"dev", "-l", "127.0.0.1", "-p", Port(d.Address), "-s", d.Socket, "--admin", d.Admin,
	}, args...)
	d.Process = Start(t, "dev", Binary(t, MemactorProgram), all...)
	d.WaitReady(t, d.Admin)
	return d
}
