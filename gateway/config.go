package gateway

import (
	"fmt"
	"time"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
)

// Config is the gateway's configuration. The short flags mean what memcached's do.
type Config struct {
	daemon.Common
	daemon.Runtime
	registry.Settings
	SSL
	Access
	Compatible

	// Listen are the addresses to serve on, with a port of their own if they like.
	// The default is loopback: who wants to be reached from elsewhere should think
	// of enable-ssl and auth-file first.
	Listen []string `name:"listen" short:"l" usage:"address to listen on, HOST or HOST:PORT, notls:HOST:PORT without TLS; repeat or separate by commas"`

	// Port 0 is 11211, or no TCP if there is a Socket (as in memcached, where -s
	// turns the network off); -1 is any free port, which the log names.
	Port int `name:"port" short:"p" usage:"TCP port (0: 11211, or none with --socket; -1: any free port)" range:"-1..65535"`

	// Socket is served beside TCP if Port is given as well.
	Socket string `name:"socket" short:"s" usage:"path of a unix socket to listen on"`

	// Protocol auto goes by the first byte of a connection.
	Protocol string `name:"protocol" short:"B" usage:"what clients may speak" allowed:"auto ascii binary"`

	// SocketMode is the socket's access mask.
	SocketMode string `name:"socket-mode" short:"a" usage:"access mask of the unix socket, octal"`

	// MaxConns bounds the memory of connections. One above it is told so and closed.
	MaxConns int `name:"max-connections" short:"c" usage:"connections served at once" range:"1..1000000"`

	// MaxItem is the largest item: key, value and memcached's header (about 50
	// bytes). The nodes must be set to no less.
	MaxItem daemon.Size `name:"max-item-size" short:"I" usage:"largest item" unit:"1b" range:"1k..128m"`

	// Backlog is the length of the queue of connections that are not accepted yet.
	// The kernel allows no more than net.core.somaxconn.
	Backlog int `name:"listen-backlog" short:"b" usage:"connections that may wait to be accepted (0: what the system allows)" range:"0..65535"`

	// MaxReqsPerEvent is for fairness between clients that pipeline.
	MaxReqsPerEvent int `name:"max-reqs-per-event" short:"R" usage:"commands of one connection before others get their turn" range:"1..4096"`

	// ValueMemory bounds what all connections together may hold of values that come in
	// and of answers that clients have not taken. Over it connections wait, and then the
	// slowest of those that hold most are closed.
	ValueMemory daemon.Size `name:"value-memory" usage:"memory for values on their way, of all connections (0: a quarter of what there is)" range:"0.."`

	// IdleTimeout frees what clients hold that have gone away without a word.
	IdleTimeout int `name:"idle-timeout" usage:"seconds after which a connection without a command is closed (0: never)" range:"0..2147483647"`

	// Advertise is for Consul, where clients and people look gateways up.
	Advertise string `name:"advertise" usage:"HOST:PORT that memcached clients are told (default: the first that is listened on)" kind:"address port0"`

	// Timeout is how long a command may take. Then a read is answered with
	// SERVER_ERROR unavailable and a write with SERVER_ERROR outcome unknown.
	Timeout time.Duration `name:"timeout" usage:"longest time for one command in the cluster"`

	// WriteTimeout is how long a client may take no byte of its answers before
	// it is disconnected. Until then it costs its own connection and no more.
	WriteTimeout time.Duration `name:"write-timeout" usage:"longest time for a client to take its answers"`
}

// Default is a gateway on loopback with memcached's limits.
func Default() Config {
	return Config{
		Common: daemon.DefaultCommon(), SSL: defaultSSL(), Compatible: Compatible{PrefixDelimiter: ":"},
		Listen: []string{"127.0.0.1"}, SocketMode: "0700", Protocol: "auto", MaxReqsPerEvent: 1024,
		MaxConns: 1024, MaxItem: daemon.MiB, Timeout: 5 * time.Second, WriteTimeout: time.Minute,
	}
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if err := daemon.Check(&c); err != nil {
		return err
	}
	if err := c.validateCluster(); err != nil {
		return err
	}
	if c.Timeout < 10*time.Millisecond || c.Timeout > time.Hour {
		return fmt.Errorf("%w: timeout %q: allowed: 10ms..1h", daemon.ErrConfig, c.Timeout)
	}
	if c.ValueMemory != 0 && c.ValueMemory < 16*c.MaxItem {
		return fmt.Errorf("%w: value-memory %q: allowed: 0, or 16 times max-item-size and more", daemon.ErrConfig, c.ValueMemory)
	}
	if c.WriteTimeout < time.Second {
		return fmt.Errorf("%w: write-timeout %q: allowed: 1s and more", daemon.ErrConfig, c.WriteTimeout)
	}
	if _, err := c.openSecrets(); err != nil {
		return err
	}
	if err := c.checkCompatible(); err != nil {
		return err
	}
	_, err := c.socketMode()
	return err
}

func (c Config) validateCluster() error {
	if err := c.CheckRegistry(); err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	if !c.UsesConsul() {
		return nil
	}
	_, err := c.advertised(c.tcpAddresses())
	return err
}

// advertised is the address that clients are told: the first of those that are
// listened on, unless the configuration names another; "" if there is none.
func (c Config) advertised(listening []string) (string, error) {
	if len(listening) == 0 {
		return c.Advertise, nil
	}
	return daemon.Advertised(c.Advertise, listening[0])
}
