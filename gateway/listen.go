package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/memactor/memactor/cluster/daemon"
)

const defaultPort = 11211

// socket is one that clients connect to.
type socket struct {
	net.Listener
	tls bool
}

// listen opens all that the configuration asks for, or nothing.
func (c Config) listen() ([]socket, error) {
	var all []socket
	fail := func(err error) ([]socket, error) {
		closeAll(all)
		return nil, err
	}
	for _, at := range c.endpoints() {
		l, err := net.Listen(network(at.address), at.address)
		if err != nil {
			return fail(fmt.Errorf("listen %s: %w", at.address, err))
		}
		all = append(all, socket{Listener: l, tls: at.tls})
		if err := setBacklog(l, c.Backlog); err != nil {
			return fail(fmt.Errorf("listen %s: %w", at.address, err))
		}
	}
	if c.Socket != "" {
		l, err := c.listenUnix()
		if err != nil {
			return fail(err)
		}
		all = append(all, socket{Listener: l})
	}
	return all, nil
}

// network takes an IPv4 address by its word: 0.0.0.0 is no IPv6, as in memcached.
func network(address string) string {
	if at, err := netip.ParseAddrPort(address); err == nil && at.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

// setBacklog changes how many connections may wait to be accepted: to listen again on
// a socket that listens does that, and nothing else.
func setBacklog(l net.Listener, backlog int) error {
	control, ok := l.(syscall.Conn)
	if !ok || backlog == 0 {
		return nil
	}
	raw, err := control.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), backlog) })
	return errors.Join(err, failed)
}

func closeAll(listeners []socket) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// endpoint is where to listen by TCP.
type endpoint struct {
	address string
	tls     bool
}

// withoutTLS begins an address that is served without TLS beside others with it.
const withoutTLS = "notls:"

// endpoints are those of Listen, each of which may name a port of its own.
func (c Config) endpoints() []endpoint {
	port := c.Port
	switch {
	case port == 0 && c.Socket != "":
		return nil
	case port == 0:
		port = defaultPort
	case port < 0:
		port = 0
	}
	var all []endpoint
	for _, text := range c.Listen {
		address, plain := strings.CutPrefix(text, withoutTLS)
		if _, _, err := net.SplitHostPort(address); err != nil {
			address = net.JoinHostPort(strings.Trim(address, "[]"), strconv.Itoa(port))
		}
		all = append(all, endpoint{address: address, tls: c.EnableSSL && !plain})
	}
	return all
}

func (c Config) tcpAddresses() []string {
	var all []string
	for _, at := range c.endpoints() {
		all = append(all, at.address)
	}
	return all
}

// listenUnix opens the unix socket. One that a dead process has left is replaced;
// one on which somebody answers, or another file, is not.
func (c Config) listenUnix() (net.Listener, error) {
	if err := removeStale(c.Socket); err != nil {
		return nil, fmt.Errorf("listen %s: %w", c.Socket, err)
	}
	mode, err := c.socketMode()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", c.Socket)
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", c.Socket, err)
	}
	if err := os.Chmod(c.Socket, mode); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen %s: %w", c.Socket, err)
	}
	return l, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("%w: not a socket", fs.ErrExist)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return syscall.EADDRINUSE
	}
	return os.Remove(path)
}

func (c Config) socketMode() (os.FileMode, error) {
	mode, err := strconv.ParseUint(c.SocketMode, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, fmt.Errorf("%w: socket-mode %q: allowed: 0..0777, octal", daemon.ErrConfig, c.SocketMode)
	}
	return os.FileMode(mode), nil
}
