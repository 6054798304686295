package faults

import (
	"net"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// TestNothingListensBeyondLoopback starts every process with as little said about
// addresses as possible, and asks the kernel where it listens.
func TestNothingListensBeyondLoopback(t *testing.T) {
	t.Parallel()
	admin, grpc, port := harness.FreeAddress(t), harness.FreeAddress(t), harness.Port(harness.FreeAddress(t))
	node := harness.Start(t, "node", harness.Binary(t, harness.ShardNodeProgram),
		"--id", "n1", "--grpc", grpc, "--admin", admin)
	node.WaitReady(t, admin)
	gatewayAdmin := harness.FreeAddress(t)
	gateway := harness.Start(t, "gateway", harness.Binary(t, harness.GatewayProgram),
		"-p", port, "--admin", gatewayAdmin, "--node", "n1="+grpc)
	gateway.WaitListening(t, "tcp", "127.0.0.1:"+port)
	dev := harness.StartDev(t)
	for _, p := range []*harness.Process{node, gateway, dev.Process} {
		listeners := p.Listeners(t)
		if len(listeners) == 0 {
			t.Errorf("%s listens nowhere", p.Name)
		}
		for _, address := range listeners {
			host, _, err := net.SplitHostPort(address)
			if err != nil || !net.ParseIP(host).IsLoopback() {
				t.Errorf("%s listens on %s", p.Name, address)
			}
		}
	}
}

func TestUnixSocketOnly(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2})
	dir := t.TempDir()
	only := harness.Start(t, "socket", harness.Binary(t, harness.GatewayProgram),
		append(c.NodeList(), "-s", dir+"/s", "--admin", harness.FreeAddress(t))...)
	only.WaitListening(t, "unix", dir+"/s")
	conn := harness.Dial(t, dir+"/s")
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
	harness.Dial(t, c.Address()).Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
	harness.Dial(t, c.Gateways[0].Socket).Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
	if listeners := only.Listeners(t); len(listeners) != 1 {
		t.Errorf("with -s alone it listens on %v too, beside its admin port", listeners)
	}
}

// TestTwoGatewaysShareTheData writes through one gateway and reads through another.
func TestTwoGatewaysShareTheData(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3, Gateways: 2})
	left, right := harness.Dial(t, c.Gateways[0].Address), harness.Dial(t, c.Gateways[1].Address)
	left.Expect(t, "set a 5 0 3\r\nabc\r\n", "STORED\r\n")
	right.Expect(t, "get a\r\n", "VALUE a 5 3\r\nabc\r\nEND\r\n")
	values, _, _ := harness.Values(right.Do(t, "gets a\r\n"))
	left.Expect(t, "append a 0 0 1\r\nd\r\n", "STORED\r\n")
	right.Expect(t, "cas a 0 0 1 "+values[0].Cas+"\r\nx\r\n", "EXISTS\r\n")
	right.Expect(t, "flush_all\r\n", "OK\r\n")
	left.Expect(t, "get a\r\n", "END\r\n")
}
