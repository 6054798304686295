package security

import (
	"context"
	"crypto/tls"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/memactor/memactor/cluster/certs"
	"github.com/memactor/memactor/cluster/certs/certstest"
	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/e2e/harness"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

const patience = 15 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// briefly is long enough for a connection that is let in.
func briefly(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

// membership is what a process of the cluster is given, and its arguments.
func membership(t *testing.T, ca *certstest.Authority, name string) (certs.Mutual, []string) {
	t.Helper()
	pair := ca.Issue(t, name, "127.0.0.1")
	return certs.Mutual{CAFile: ca.File, CertFile: pair.Cert, KeyFile: pair.Key},
		[]string{"--grpc-ca-file", ca.File, "--grpc-cert-file", pair.Cert, "--grpc-key-file", pair.Key}
}

// direct is a Go program that talks to the nodes itself.
func direct(t *testing.T, c *harness.Cluster, m certs.Mutual) *client.Client {
	t.Helper()
	mesh, err := m.OpenMutual()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, node := range c.Nodes {
		list = append(list, node.ID+"="+node.GRPC)
	}
	nodes, err := registry.ParseNodes(list)
	if err != nil {
		t.Fatal(err)
	}
	maps, err := registry.NewStatic(nodes, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := client.New(maps, client.WithTransportCredentials(mesh.Credentials()), client.WithTimeout(time.Second))
	t.Cleanup(func() { _ = d.Close(); _ = maps.Close() })
	return d
}

// TestMutualTLS: gateways and Go clients with a certificate of the cluster's CA are
// served, everybody else is refused.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	ca := certstest.NewAuthority(t, "ca")
	_, nodeArgs := membership(t, ca, "node")
	_, gatewayArgs := membership(t, ca, "gateway")
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2, NodeArgs: nodeArgs, GatewayArgs: gatewayArgs})
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")

	mine, _ := membership(t, ca, "program")
	member := direct(t, c, mine)
	if err := member.WaitReady(within(t)); err != nil {
		t.Fatal(err)
	}
	if item, err := member.Get(within(t), "a"); err != nil || string(item.Value) != "x" {
		t.Errorf("a member: %v, %v", item, err)
	}
	for name, m := range map[string]certs.Mutual{
		"without TLS":            {},
		"certificate of another": func() certs.Mutual { m, _ := membership(t, certstest.NewAuthority(t, "other"), "x"); return m }(),
	} {
		stranger := direct(t, c, m)
		if err := stranger.WaitReady(briefly(t)); err == nil {
			t.Errorf("%s: it has reached the nodes", name)
		}
		if _, err := stranger.Get(within(t), "a"); err == nil {
			t.Errorf("%s: served", name)
		}
	}
	if text := harness.Dial(t, plain(t, c)).Do(t, "get a\r\n"); !strings.HasPrefix(text, "SERVER_ERROR") {
		t.Errorf("a gateway without certificates: %q", text)
	}
}

// TestHealthWithoutACertificate: Consul's agent, which has none, may ask how a node
// is, and nothing else.
func TestHealthWithoutACertificate(t *testing.T) {
	t.Parallel()
	_, nodeArgs := membership(t, certstest.NewAuthority(t, "ca"), "node")
	admin, address := harness.FreeAddress(t), harness.FreeAddress(t)
	node := harness.Start(t, "n1", harness.Binary(t, harness.ShardNodeProgram),
		append([]string{"--id", "n1", "--grpc", address, "--admin", admin}, nodeArgs...)...)
	node.WaitReady(t, admin)
	conn, err := grpc.NewClient(address, grpc.WithNoProxy(),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answer, err := healthpb.NewHealthClient(conn).Check(within(t), &healthpb.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", answer, err)
	}
	if _, err := shardv1.NewShardServiceClient(conn).GetShardMap(within(t), &shardv1.GetShardMapRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("the shard map: %v", err)
	}
}

// TestRenewedCertificates replaces the CA and all certificates while the cluster
// works: by SIGHUP at the nodes, and by itself at the gateway, which notices.
func TestRenewedCertificates(t *testing.T) {
	t.Parallel()
	ca, next := certstest.NewAuthority(t, "ca"), certstest.NewAuthority(t, "next")
	node, nodeArgs := membership(t, ca, "node")
	gateway, gatewayArgs := membership(t, ca, "gateway")
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1, NodeArgs: nodeArgs, GatewayArgs: gatewayArgs})
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")

	text, err := os.ReadFile(next.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ca.File, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, m := range []certs.Mutual{node, gateway} {
		next.Renew(t, certstest.Pair{Cert: m.CertFile, Key: m.KeyFile}, "renewed", "127.0.0.1")
	}
	c.Nodes[0].Signal(t, syscall.SIGHUP)
	harness.Eventually(t, patience, "the gateway takes the new certificates", func() bool {
		return strings.Contains(c.Gateways[0].Out.String(), "changed certificates taken")
	})
	conn.Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n") // on the stream that is open

	mine, _ := membership(t, next, "program")
	member := direct(t, c, mine)
	if err := member.WaitReady(within(t)); err != nil {
		t.Errorf("a certificate of the new CA: %v", err)
	}
	c.Nodes[0].Kill(t)
	c.Nodes[0].Restart(t)
	c.WaitReady(t)
	conn.Expect(t, "set a 0 0 1\r\ny\r\n", "STORED\r\n") // on a new one
}

// plain is the address of one more gateway, which knows nothing of certificates.
func plain(t *testing.T, c *harness.Cluster) string {
	t.Helper()
	g := c.StartGateway(t, "plain")
	g.WaitListening(t, "tcp", g.Address)
	return g.Address
}
