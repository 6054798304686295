package consul

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/certs/certstest"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
)

const management = "6b1f0c1e-3f0a-4b61-9d3e-0d6f6f0f2a11"

// withRules is a token that may do what rules say.
func withRules(t *testing.T, client *api.Client, name, rules string) string {
	t.Helper()
	policy, _, err := client.ACL().PolicyCreate(&api.ACLPolicy{Name: name, Rules: rules}, nil)
	ok(t, err)
	token, _, err := client.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLLink{{ID: policy.ID}}}, nil)
	ok(t, err)
	return token.SecretID
}

// What ConsulOptions says of the rights that tokens need is right, and a token
// that lacks them is no reason to think that Consul is empty.
func TestConsulTokens(t *testing.T) {
	t.Setenv("CONSUL_HTTP_TOKEN", management)
	agent := registrytest.StartAgent(t, map[string]any{"acl": map[string]any{
		"enabled": true, "default_policy": "deny",
		"tokens": map[string]any{"initial_management": management, "agent": management},
	}})
	w := newConsulWorld(t, agent)
	nodeToken := withRules(t, w.client, "node", fmt.Sprintf(
		`session_prefix "" { policy = "write" } node_prefix "" { policy = "read" }
		 service "%s-shardnode" { policy = "write" } key_prefix "memactor/%s/" { policy = "write" }`, w.cluster, w.cluster))
	gatewayToken := withRules(t, w.client, "gateway", fmt.Sprintf(
		`service "%s-gateway" { policy = "write" } key_prefix "memactor/%s/" { policy = "read" }`, w.cluster, w.cluster))
	uselessToken := withRules(t, w.client, "useless", `key_prefix "elsewhere/" { policy = "write" }`)

	file := filepath.Join(t.TempDir(), "token")
	ok(t, os.WriteFile(file, []byte(nodeToken+"\n"), 0o600))
	options := w.options(t)
	options.TokenFile = file
	c := w.open(t, options)
	members := c.WatchMembers(within(t))
	m := must(c.Join(within(t), shard.Node{ID: "n1", Address: "127.0.0.1:7001"}))(t)
	until(t, members, "n1", count(1))
	l := must(m.Campaign(within(t)))(t)
	table := w.advance(t, l, must(l.Load(within(t)))(t), 0)

	options.TokenFile, options.Token = "", gatewayToken
	gateway := w.open(t, options)
	maps := gateway.WatchMap(within(t))
	until(t, maps, "the map", atLeast(1))
	must(gateway.Announce(registry.Gateway{ID: "g1", Address: "127.0.0.1:11211", Ready: func() error { return nil }}))(t)
	options.Token = management
	for list := must(w.open(t, options).Gateways(within(t)))(t); len(list) == 0 || list[0].Status != "passing"; {
		time.Sleep(50 * time.Millisecond)
		list = must(w.open(t, options).Gateways(within(t)))(t)
	}

	ok(t, os.WriteFile(file, []byte(uselessToken), 0o600))
	if _, err := l.Load(within(t)); err == nil {
		t.Error("a useless token is of use")
	}
	time.Sleep(6 * time.Second) // long enough for a renewal
	select {
	case list := <-members:
		t.Errorf("members are %v to a token that may not read", list)
	default:
	}
	ok(t, os.WriteFile(file, []byte(nodeToken), 0o600))
	for started := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		loaded, err := l.Load(within(t))
		if err == nil && loaded.Equal(table) {
			break
		}
		if errors.Is(err, registry.ErrFenced) {
			l = must(m.Campaign(within(t)))(t)
		}
		if time.Since(started) > patience {
			t.Fatalf("%v, %v", loaded, err)
		}
	}
	ok(t, m.Leave(within(t)))
}

// With TLS in both directions; without the client's certificate there is no way in.
func TestConsulTLS(t *testing.T) {
	t.Parallel()
	ca := certstest.NewAuthority(t, "ca")
	server, own := ca.Issue(t, "server", "127.0.0.1", "localhost", "server.dc1.consul"), ca.Issue(t, "client")
	agent := registrytest.StartAgent(t, map[string]any{"tls": map[string]any{"https": map[string]any{
		"ca_file": ca.File, "cert_file": server.Cert, "key_file": server.Key, "verify_incoming": true,
	}}})
	w := newConsulWorld(t, agent)
	options := w.options(t)
	options.Address, options.CAFile = agent.Secure, ca.File
	if _, err := w.open(t, options).Coordinator(within(t)); !errors.Is(err, registry.ErrUnavailable) {
		t.Errorf("without a certificate: %v", err)
	}
	options.CertFile, options.KeyFile = own.Cert, own.Key
	c := w.open(t, options)
	must(c.Join(within(t), shard.Node{ID: "n1", Address: "127.0.0.1:7001"}))(t)
	until(t, c.WatchMembers(within(t)), "n1", count(1))
}
