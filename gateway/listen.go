package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/memactor/memactor/cluster/daemon"
)

const defaultPort = 11211

// listen opens all that the configuration asks for, or nothing.
func (c Config) listen() ([]net.Listener, error) {
	var all []net.Listener
	fail := func(err error) ([]net.Listener, error) {
		closeAll(all)
		return nil, err
	}
	for _, address := range c.tcpAddresses() {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fail(fmt.Errorf("listen %s: %w", address, err))
		}
		all = append(all, l)
	}
	if c.Socket != "" {
		l, err := c.listenUnix()
		if err != nil {
			return fail(err)
		}
		all = append(all, l)
	}
	return all, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

func (c Config) tcpAddresses() []string {
	port := c.Port
	switch {
	case port == 0 && c.Socket != "":
		return nil
	case port == 0:
		port = defaultPort
	case port < 0:
		port = 0
	}
	var all []string
	for _, host := range c.Listen {
		all = append(all, net.JoinHostPort(host, strconv.Itoa(port)))
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
