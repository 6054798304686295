package registry

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/hashicorp/consul/api"
)

// ConsulSettings are the settings of a process that finds its cluster through
// Consul: embed them in its config struct (package daemon knows the tags). What
// is left empty is taken from the environment that Consul's own tools know
// (CONSUL_HTTP_TOKEN, CONSUL_CACERT, ...), but that environment alone makes no
// process use Consul: see UsesConsul.
type ConsulSettings struct {
	// Consul is the agent to talk to: the one of this machine, as Consul wants it.
	Consul string `name:"consul" usage:"Consul agent, HOST:PORT or a URL (default: CONSUL_HTTP_ADDR, if --cluster is given)"`

	// Cluster is part of every name in Consul: several clusters live in one.
	Cluster string `name:"cluster" usage:"name of the cluster in Consul (default: memactor)"`

	// ConsulToken is better given by environment than by flag: the arguments of a
	// process can be read by everybody on its machine.
	ConsulToken string `name:"consul-token" usage:"ACL token for Consul" kind:"secret"`

	// ConsulTokenFile is read before each call: the token can be replaced while the
	// process runs.
	ConsulTokenFile string `name:"consul-token-file" usage:"file with the ACL token for Consul"`

	// ConsulCAFile, ConsulCertFile and ConsulKeyFile are for TLS to the agent.
	ConsulCAFile   string `name:"consul-ca-file" usage:"PEM file of the authority that the agent's certificate is from"`
	ConsulCertFile string `name:"consul-cert-file" usage:"PEM file of the certificate to show to the agent"`
	ConsulKeyFile  string `name:"consul-key-file" usage:"PEM file of that certificate's key"`

	// ConsulServerName is checked instead of the host in Consul's address.
	ConsulServerName string `name:"consul-server-name" usage:"name that the agent's certificate must have"`

	// ConsulDatacenter is where the cluster's keys and sessions are.
	ConsulDatacenter string `name:"consul-datacenter" usage:"Consul's datacenter (default: the agent's)"`

	// ConsulNamespace and ConsulPartition are Consul Enterprise's.
	ConsulNamespace string `name:"consul-namespace" usage:"namespace, for Consul Enterprise"`
	ConsulPartition string `name:"consul-partition" usage:"admin partition, for Consul Enterprise"`
}

// UsesConsul says whether the settings name a Consul: by address, or by the name
// of a cluster in the Consul that CONSUL_HTTP_ADDR names. CONSUL_HTTP_ADDR alone
// does not do: it is there on many a machine for other reasons.
func (s ConsulSettings) UsesConsul() bool {
	return s.Consul != "" || s.Cluster != "" && os.Getenv(api.HTTPAddrEnvName) != ""
}

// ConsulOptions are the options that the settings make.
func (s ConsulSettings) ConsulOptions() ConsulOptions {
	return ConsulOptions{
		Cluster: s.Cluster, Address: s.Consul, Token: s.ConsulToken, TokenFile: s.ConsulTokenFile,
		CAFile: s.ConsulCAFile, CertFile: s.ConsulCertFile, KeyFile: s.ConsulKeyFile, ServerName: s.ConsulServerName,
		Datacenter: s.ConsulDatacenter, Namespace: s.ConsulNamespace, Partition: s.ConsulPartition,
	}
}

// CheckConsul says what is wrong with the settings. It reads the files, and makes
// no call.
func (s ConsulSettings) CheckConsul() error {
	if !s.UsesConsul() {
		return s.checkUnused()
	}
	if err := checkAgent(s.Consul); err != nil {
		return wrong("consul", s.Consul, err.Error())
	}
	if err := s.checkFiles(); err != nil {
		return err
	}
	o := s.ConsulOptions().complete()
	if err := o.validate(); err != nil {
		return wrong("cluster", s.Cluster, "only letters, digits, '.', '-', '_' and ':'")
	}
	calls, err := o.calls()
	if err != nil {
		return err
	}
	calls.close()
	return nil
}

// wrong is the error of one setting.
func wrong(name, value, allowed string) error {
	return fmt.Errorf("%w: %s %q: allowed: %s", ErrOptions, name, value, allowed)
}

// checkUnused refuses settings that would have no effect: a node that was to be
// part of a cluster must not be one of its own.
func (s ConsulSettings) checkUnused() error {
	s.ConsulToken = strings.Repeat("*", min(len(s.ConsulToken), 1)) // a secret
	for _, setting := range []struct{ name, value string }{
		{"cluster", s.Cluster}, {"consul-token", s.ConsulToken}, {"consul-token-file", s.ConsulTokenFile},
		{"consul-ca-file", s.ConsulCAFile}, {"consul-cert-file", s.ConsulCertFile}, {"consul-key-file", s.ConsulKeyFile},
		{"consul-server-name", s.ConsulServerName}, {"consul-datacenter", s.ConsulDatacenter},
		{"consul-namespace", s.ConsulNamespace}, {"consul-partition", s.ConsulPartition},
	} {
		if setting.value != "" {
			return wrong(setting.name, setting.value, "together with consul (or, for cluster, with CONSUL_HTTP_ADDR in the environment)")
		}
	}
	return nil
}

func (s ConsulSettings) checkFiles() error {
	for _, setting := range []struct{ name, path string }{
		{"consul-token-file", s.ConsulTokenFile}, {"consul-ca-file", s.ConsulCAFile},
		{"consul-cert-file", s.ConsulCertFile}, {"consul-key-file", s.ConsulKeyFile},
	} {
		if setting.path == "" {
			continue
		}
		if _, err := os.ReadFile(setting.path); err != nil {
			return wrong(setting.name, setting.path, "a file that can be read: "+err.Error())
		}
	}
	if (s.ConsulCertFile == "") != (s.ConsulKeyFile == "") {
		return wrong("consul-key-file", s.ConsulKeyFile, "together with consul-cert-file")
	}
	return nil
}

// errAgent says what the address of an agent may look like.
var errAgent = errors.New("HOST:PORT, http://HOST:PORT, https://HOST:PORT, unix:///PATH")

// checkAgent looks at an agent's address; "" is left to the environment.
func checkAgent(address string) error {
	if address == "" {
		return nil
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return errAgent
	case u.Scheme == "unix" && u.Path != "":
		return nil
	case u.Scheme != "http" && u.Scheme != "https":
		return errAgent
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil || host == "" {
		return errAgent
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errAgent
	}
	return nil
}
