package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/memactor/memactor/cluster/certs/certstest"
)

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func mesh(t *testing.T, m Mutual) *Mesh {
	t.Helper()
	opened, err := m.OpenMutual()
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// member is a Mutual with a certificate of ca for hosts.
func member(t *testing.T, ca *certstest.Authority, hosts ...string) Mutual {
	t.Helper()
	pair := ca.Issue(t, "member", hosts...)
	return Mutual{CAFile: ca.File, CertFile: pair.Cert, KeyFile: pair.Key}
}

// serve is a gRPC server with the health service.
func serve(t *testing.T, m *Mesh) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(m.ServerOptions()...)
	healthpb.RegisterHealthServer(server, health.NewServer())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); <-ended })
	return l.Addr().String()
}

func connect(t *testing.T, address string, creds credentials.TransportCredentials) healthpb.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return healthpb.NewHealthClient(conn)
}

// watch begins a stream, which stands for any call that strangers may not make.
func watch(t *testing.T, c healthpb.HealthClient) (grpc.ServerStreamingClient[healthpb.HealthCheckResponse], error) {
	t.Helper()
	stream, err := c.Watch(within(t), &healthpb.HealthCheckRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	return stream, err
}

// stranger has no certificate, and trusts everybody, as Consul's agent does.
func stranger() credentials.TransportCredentials {
	return credentials.NewTLS(insecureConfig())
}

func TestMembersAreServedAndStrangersRefused(t *testing.T) {
	ca, other := certstest.NewAuthority(t, "ca"), certstest.NewAuthority(t, "other")
	address := serve(t, mesh(t, member(t, ca, "127.0.0.1")))

	if _, err := watch(t, connect(t, address, mesh(t, member(t, ca)).Credentials())); err != nil {
		t.Errorf("a member: %v", err)
	}
	c := connect(t, address, stranger())
	if _, err := watch(t, c); status.Code(err) != codes.Unauthenticated {
		t.Errorf("a stranger: %v", err)
	}
	if answer, err := c.Check(within(t), &healthpb.HealthCheckRequest{}); err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("a stranger's health check: %v, %v", answer, err)
	}
	for name, creds := range map[string]credentials.TransportCredentials{
		"plain text":         insecure.NewCredentials(),
		"of another CA":      mesh(t, member(t, other)).Credentials(),
		"with a false paper": forged(t, other),
	} {
		c := connect(t, address, creds)
		if _, err := watch(t, c); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.Check(within(t), &healthpb.HealthCheckRequest{}); status.Code(err) != codes.Unavailable {
			t.Errorf("%s, health: %v", name, err)
		}
	}
}

// forged shows a certificate of another CA, though the server does not ask for one.
func forged(t *testing.T, other *certstest.Authority) credentials.TransportCredentials {
	t.Helper()
	pair := other.Issue(t, "forged")
	certificate, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	config := insecureConfig()
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	return credentials.NewTLS(config)
}

func TestServerMustBeWhoItIsTakenFor(t *testing.T) {
	ca := certstest.NewAuthority(t, "ca")
	address := serve(t, mesh(t, member(t, ca, "node.memactor")))
	m := member(t, ca)
	if _, err := watch(t, connect(t, address, mesh(t, m).Credentials())); status.Code(err) != codes.Unavailable {
		t.Errorf("not for 127.0.0.1: %v", err)
	}
	m.ServerName = "node.memactor"
	if _, err := watch(t, connect(t, address, mesh(t, m).Credentials())); err != nil {
		t.Errorf("by name: %v", err)
	}
}

// A new CA replaces the old one in the steps that operators take; open streams live
// through all of them.
func TestRotationOfTheCA(t *testing.T) {
	old, fresh := certstest.NewAuthority(t, "old"), certstest.NewAuthority(t, "fresh")
	settings := member(t, old, "127.0.0.1")
	node := mesh(t, settings)
	address := serve(t, node)
	member1 := connect(t, address, mesh(t, member(t, old)).Credentials())
	stream, err := watch(t, member1)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, old.File, string(read(t, old.File))+string(read(t, fresh.File)))
	if err := node.Reload(); err != nil {
		t.Fatal(err)
	}
	both := member(t, fresh)
	both.CAFile = old.File
	if _, err := watch(t, connect(t, address, mesh(t, both).Credentials())); err != nil {
		t.Errorf("the new CA beside the old: %v", err)
	}
	fresh.Renew(t, certstest.Pair{Cert: settings.CertFile, Key: settings.KeyFile}, "member", "127.0.0.1")
	overwrite(t, old.File, string(read(t, fresh.File)))
	if err := node.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := watch(t, connect(t, address, mesh(t, both).Credentials())); err != nil {
		t.Errorf("the new CA alone: %v", err)
	}
	if _, err := member1.Check(within(t), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("a call on an open connection: %v", err)
	}
	if err := stream.Context().Err(); err != nil {
		t.Errorf("the open stream: %v", err)
	}
}

func TestNoMeshIsPlainText(t *testing.T) {
	m := mesh(t, Mutual{})
	if m != nil || m.Reload() != nil || m.ServerOptions() != nil {
		t.Fatal(m)
	}
	if _, err := watch(t, connect(t, serve(t, m), m.Credentials())); err != nil {
		t.Error(err)
	}
}

func TestMutualIsAllOrNothing(t *testing.T) {
	whole := member(t, certstest.NewAuthority(t, "ca"))
	for want, m := range map[string]Mutual{
		"grpc-ca-file":                     {CertFile: whole.CertFile, KeyFile: whole.KeyFile},
		"grpc-cert-file and grpc-key-file": {CAFile: whole.CAFile},
		"grpc-server-name":                 {ServerName: "node.memactor"},
	} {
		if _, err := m.OpenMutual(); !errors.Is(err, ErrFiles) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func insecureConfig() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }
