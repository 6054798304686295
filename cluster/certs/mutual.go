package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// Mutual are the settings of mutual TLS between gateways, shard nodes and Go
// programs that talk to the nodes themselves: each shows a certificate of one CA,
// and trusts nobody else. Embed it in a config struct. All of the three files are
// needed, or none: then gRPC is plain text.
type Mutual struct {
	// CAFile holds the CA's certificate, or several while one replaces another.
	CAFile string `name:"grpc-ca-file" usage:"CA of the cluster's certificates (PEM): gRPC is mutual TLS, and refuses who has none of it"`

	// CertFile and KeyFile are the process's own. A node's certificate must be for
	// the host under which the others reach it, or for ServerName, and for both
	// server and client authentication.
	CertFile string `name:"grpc-cert-file" usage:"this process's certificate of that CA (PEM)"`
	KeyFile  string `name:"grpc-key-file" usage:"the private key of that certificate (PEM)"`

	// ServerName is one name that all nodes' certificates carry. Without it each must
	// carry its node's own host or address.
	ServerName string `name:"grpc-server-name" usage:"name in the certificates of all shard nodes (default: each node's own host)"`
}

// Enabled says that at least one of the files is given.
func (m Mutual) Enabled() bool { return m.CAFile != "" || m.CertFile != "" || m.KeyFile != "" }

// OpenMutual reads the files; nil, and no error, if mutual TLS is off. Errors are
// ErrFiles.
func (m Mutual) OpenMutual() (*Mesh, error) {
	if !m.Enabled() {
		if m.ServerName != "" {
			return nil, fmt.Errorf("%w: grpc-server-name %q without grpc-ca-file, grpc-cert-file and grpc-key-file", ErrFiles, m.ServerName)
		}
		return nil, nil
	}
	var missing []string
	for _, f := range []struct{ setting, path string }{
		{"grpc-ca-file", m.CAFile}, {"grpc-cert-file", m.CertFile}, {"grpc-key-file", m.KeyFile},
	} {
		if f.path == "" {
			missing = append(missing, f.setting)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: mutual TLS needs %s, too", ErrFiles, strings.Join(missing, " and "))
	}
	store, err := Open(Files{Cert: m.CertFile, Key: m.KeyFile, CA: m.CAFile}, m.pair)
	if err != nil {
		return nil, err
	}
	return &Mesh{store: store}, nil
}

// pair is a connection's two ends.
type pair struct {
	client, server credentials.TransportCredentials
}

func (m Mutual) pair(set Set) (pair, error) {
	both := tls.Config{
		Certificates: []tls.Certificate{set.Certificate},
		MinVersion:   tls.VersionTLS13, // no older program is on either end
	}
	client, server := both.Clone(), both.Clone()
	client.RootCAs, client.ServerName = set.CA, m.ServerName
	// Who has no certificate gets as far as refuseStrangers.
	server.ClientCAs, server.ClientAuth = set.CA, tls.VerifyClientCertIfGiven
	server.SessionTicketsDisabled = true // a ticket would outlive a change of the CA
	return pair{client: credentials.NewTLS(client), server: credentials.NewTLS(server)}, nil
}

// Mesh is a process's place in the mutual TLS of a cluster. The methods of a nil
// Mesh are those of plain text. Safe for concurrent use.
type Mesh struct{ store *Store[pair] }

// Reload reads the files again, for the connections that are made from now on; those
// that are open stay. After an error all is as before.
func (m *Mesh) Reload() error {
	if m == nil {
		return nil
	}
	return m.store.Reload()
}

// Watch reloads when the files change, until ctx ends.
func (m *Mesh) Watch(ctx context.Context, log zerolog.Logger) {
	if m != nil {
		m.store.Watch(ctx, log)
	}
}

// Credentials are for client.WithTransportCredentials and grpc.NewClient.
func (m *Mesh) Credentials() credentials.TransportCredentials {
	if m == nil {
		return insecure.NewCredentials()
	}
	return transport{m.store}
}

// ServerOptions make a gRPC server that serves those who have a certificate. Others
// are answered by the health service alone, and only by its Check: Consul's agent
// asks it, and has no certificate of the cluster's.
func (m *Mesh) ServerOptions() []grpc.ServerOption {
	if m == nil {
		return nil
	}
	return []grpc.ServerOption{grpc.Creds(transport{m.store}), grpc.InTapHandle(refuseStrangers)}
}

// refuseStrangers looks at a call before any of it but the header is read.
func refuseStrangers(ctx context.Context, call *tap.Info) (context.Context, error) {
	if call.FullMethodName == healthpb.Health_Check_FullMethodName || known(ctx) {
		return ctx, nil
	}
	return nil, status.Error(codes.Unauthenticated, "a client certificate of the cluster's CA is needed")
}

func known(ctx context.Context) bool {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return false
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	return ok && len(info.State.VerifiedChains) > 0
}

// transport makes each handshake with the certificates of its moment.
type transport struct{ store *Store[pair] }

func (t transport) ClientHandshake(ctx context.Context, authority string, c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return t.store.Current().client.ClientHandshake(ctx, authority, c)
}

func (t transport) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return t.store.Current().server.ServerHandshake(c)
}

func (t transport) Info() credentials.ProtocolInfo { return t.store.Current().client.Info() }

func (t transport) Clone() credentials.TransportCredentials { return t }

// OverrideServerName is not for us: grpc.WithAuthority does it.
func (transport) OverrideServerName(string) error { return errors.ErrUnsupported }
