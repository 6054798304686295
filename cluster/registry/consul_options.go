package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/shard"
)

// ConsulOptions say which Consul, which cluster in it, and how patient to be.
// What is left empty is taken from the environment (CONSUL_HTTP_ADDR,
// CONSUL_HTTP_TOKEN and the others that Consul's own tools know), and then from
// the defaults.
//
// With ACLs on, the token of a shard node needs session:write and node:read,
// service:write on "<cluster>-shardnode" and key:write on the prefix
// "memactor/<cluster>/"; that of a gateway service:write on "<cluster>-gateway"
// and key:read. Whoever lists the gateways needs service:read and node:read.
type ConsulOptions struct {
	// Cluster is the name of the cluster: several live in one Consul. It is part
	// of every key and service name. "" is "memactor".
	Cluster string
	// Shards is the count of shards of a cluster that has no map yet; a cluster
	// that has another count is refused. 0 takes what there is, or
	// shard.DefaultShards.
	Shards int

	// Address is the agent's HTTP address: host:port, or with a scheme
	// (https://host:port, unix:///path).
	Address string
	// Token is the ACL token.
	Token string
	// TokenFile is read before each call, so that a token can be replaced while
	// the process runs. Token goes before it.
	TokenFile string
	// CAFile, CertFile and KeyFile are for TLS to the agent; ServerName is the
	// name that its certificate must have.
	CAFile, CertFile, KeyFile, ServerName string
	// Datacenter is where the cluster's keys are; "" is the agent's own. Sessions
	// and keys of one cluster live in one datacenter.
	Datacenter string
	// Namespace and Partition are for Consul Enterprise.
	Namespace, Partition string

	// Copy is a file that keeps the newest map, to start from while Consul is
	// down; "" keeps none. Its directory must exist.
	Copy string

	// TTL is after how long without a word a member's session ends; Consul takes
	// 10 s to 24 h and may take twice as long. It is the second net: the health
	// check is faster. 0 is 10 s.
	TTL time.Duration
	// CheckInterval is how often the agent asks a node's gRPC health service.
	// Two failures in a row end the node's session. 0 is 2 s, negative is no
	// check.
	CheckInterval time.Duration
	// CheckTLS says that the node's gRPC port speaks TLS. The certificate is not
	// verified: the check only asks whether the node is well.
	CheckTLS bool
	// Timeout bounds each call that does not wait for news. 0 is 5 s.
	Timeout time.Duration
	// Wait is how long a call waits for news before it asks again. 0 is 60 s.
	Wait time.Duration
	// Settle is how long the very first coordinator of a cluster waits for
	// somebody who knows an earlier map of it. 0 is 3 s: longer than any back-off
	// here, so that nodes that outlived a wiped Consul are heard. Negative is not
	// at all.
	Settle time.Duration
	// Takeover is how long Join waits for another holder of the node's id to go,
	// if that one does not answer Probe any more. 0 is a little more than the
	// longest that a session may outlive its process.
	Takeover time.Duration
	// Probe asks whether a node is there; nil dials its address.
	Probe func(ctx context.Context, address string) error
	// Log gets a line for each change that an operator wants to know of.
	Log zerolog.Logger
}

// DefaultCluster is the name of a cluster that has none.
const DefaultCluster = "memactor"

func (o ConsulOptions) complete() ConsulOptions {
	fill(&o.Cluster, DefaultCluster)
	fill(&o.TTL, 10*time.Second)
	fill(&o.CheckInterval, 2*time.Second)
	fill(&o.Timeout, 5*time.Second)
	fill(&o.Wait, time.Minute)
	fill(&o.Settle, 3*time.Second)
	fill(&o.Takeover, 2*o.TTL+time.Second)
	if o.Probe == nil {
		o.Probe = dial
	}
	return o
}

// fill sets what is zero.
func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// dial is a Probe: whoever accepts a connection is there.
func dial(ctx context.Context, address string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// ErrOptions is a configuration that cannot work.
var ErrOptions = errors.New("bad registry options")

func (o ConsulOptions) validate() error {
	if err := (shard.Node{ID: o.Cluster}).Validate(); err != nil {
		return fmt.Errorf("%w: cluster name %q: only letters, digits, '.', '-', '_' and ':'", ErrOptions, o.Cluster)
	}
	if o.TTL < 10*time.Second || o.TTL > 24*time.Hour {
		return fmt.Errorf("%w: a TTL of %v: Consul takes 10s to 24h", ErrOptions, o.TTL)
	}
	if o.Timeout < 0 || o.Wait < 0 || o.Takeover < 0 {
		return fmt.Errorf("%w: a negative time", ErrOptions)
	}
	if o.Shards != 0 {
		if _, err := shard.Bits(o.Shards); err != nil {
			return fmt.Errorf("%w: %w", ErrOptions, err)
		}
	}
	return nil
}

// calls is Consul's client for the options.
func (o ConsulOptions) calls() (*consulCalls, error) {
	config := api.DefaultConfig()
	set(&config.Address, o.Address)
	set(&config.Datacenter, o.Datacenter)
	set(&config.Namespace, o.Namespace)
	set(&config.Partition, o.Partition)
	set(&config.TLSConfig.CAFile, o.CAFile)
	set(&config.TLSConfig.CertFile, o.CertFile)
	set(&config.TLSConfig.KeyFile, o.KeyFile)
	set(&config.TLSConfig.Address, o.ServerName)
	tokenFile := config.TokenFile
	config.TokenFile = ""
	switch {
	case o.Token != "":
		config.Token, tokenFile = o.Token, ""
	case o.TokenFile != "":
		config.Token, tokenFile = "", o.TokenFile
	}
	if tokenFile != "" {
		if _, err := readToken(tokenFile); err != nil {
			return nil, fmt.Errorf("%w: token file: %w", ErrOptions, err)
		}
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return &consulCalls{
		client: client, http: config.HttpClient, address: config.Address, tokenFile: tokenFile,
		timeout: o.Timeout, wait: o.Wait,
	}, nil
}

// set overrides what the environment says.
func set(field *string, value string) {
	if value != "" {
		*field = value
	}
}

func readToken(file string) (string, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	return strings.TrimSpace(string(data)), err
}
