package load

import (
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// dial opens a connection as a plain non-blocking descriptor, which the Go runtime's own poller does not watch.
func dial(network, address string, timeout time.Duration) (int, error) {
	family, target, err := resolve(network, address)
	if err != nil {
		return -1, err
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := connect(fd, family, target, timeout); err != nil {
		return -1, errors.Join(fmt.Errorf("connect %s: %w", address, err), unix.Close(fd))
	}
	return fd, nil
}

// connect blocks for at most timeout: Linux applies the send timeout to connect as well.
func connect(fd, family int, target unix.Sockaddr, timeout time.Duration) error {
	limit := unix.NsecToTimeval(timeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit); err != nil {
		return err
	}
	if err := ignoringEINTR(func() error { return unix.Connect(fd, target) }); err != nil {
		return err
	}
	if family != unix.AF_UNIX {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
	}
	return unix.SetNonblock(fd, true)
}

func resolve(network, address string) (int, unix.Sockaddr, error) {
	if network == "unix" {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: address}, nil
	}
	tcp, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	if v4 := tcp.IP.To4(); v4 != nil {
		return unix.AF_INET, &unix.SockaddrInet4{Port: tcp.Port, Addr: [4]byte(v4)}, nil
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: tcp.Port, Addr: [16]byte(tcp.IP.To16())}, nil
}

// ignoringEINTR repeats a system call that a signal cut short; the Go runtime preempts goroutines by signals.
func ignoringEINTR(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
