package gateway

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/memactor/memactor/cluster/certs"
	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/gateway/internal/auth"
	"github.com/memactor/memactor/gateway/internal/server"
)

// secrets are what the gateway reads from files, and again while it serves. Each is
// nil if it is not asked for.
type secrets struct {
	mesh  *certs.Mesh               // shown to the nodes
	ssl   *certs.Store[*tls.Config] // shown to clients
	users *auth.File
}

func (c Config) openSecrets() (s secrets, err error) {
	if s.mesh, err = c.OpenMutual(); err != nil {
		return s, fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	if s.ssl, err = c.openSSL(); err != nil {
		return s, err
	}
	s.users, err = c.openAuth()
	return s, err
}

// follow reads again at SIGHUP and, for certificates, when they change, until ctx ends.
func (s secrets) follow(ctx context.Context, p daemon.Process) {
	p.Reloads.Add("grpc certificates", s.mesh.Reload)
	go s.mesh.Watch(ctx, p.Log)
	if s.ssl != nil {
		p.Reloads.Add("ssl certificates", s.ssl.Reload)
		go s.ssl.Watch(ctx, p.Log)
	}
	if s.users != nil {
		p.Reloads.Add("users", s.users.Reload)
	}
}

// guard has the server use them.
func (s secrets) guard(o server.Options) server.Options {
	o.Auth = s.users
	if s.ssl != nil {
		o.TLS = s.ssl
	}
	return o
}
