package server

import (
	"errors"
	"io"
	"net"
	"time"
)

// What people are told of a connection: stats conns, and those who watch.

// fd is the connection's file descriptor, -1 if it is closed.
func (c *conn) fd() int {
	fd := -1
	_ = c.raw.Control(func(n uintptr) { fd = int(n) })
	return fd
}

// peer is the client's host and port, and how it is connected, in memcached's words.
func (c *conn) peer() (host string, port uint16, transport string) {
	if tcp, ok := c.net.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.IP.String(), uint16(tcp.Port), "tcp"
	}
	return "unix", 0, "local"
}

// addressText is an address as memcached tells it: with its network in front, an IPv6 one in brackets.
func addressText(a net.Addr) string {
	switch a := a.(type) {
	case *net.TCPAddr:
		if a.IP.To4() == nil {
			return "tcp6:" + a.String()
		}
		return "tcp:" + a.String()
	case *net.UnixAddr:
		return "unix:" + a.Name
	}
	return "<unknown>"
}

// clientText is the client's address. A client of a unix socket has none, so that memcached tells the socket's.
func (c *conn) clientText() string {
	if a, ok := c.net.RemoteAddr().(*net.UnixAddr); ok && (a.Name == "" || a.Name == "@") {
		return addressText(c.net.LocalAddr())
	}
	return addressText(c.net.RemoteAddr())
}

// activity is what a connection does.
type activity int32

const (
	reading   activity = iota // it waits for a command, or the rest of one
	executing                 // it executes commands, or writes answers
	watching                  // it gets log lines
	receiving                 // it waits for a data block, or the rest of one
)

// String is memcached's name of it.
func (a activity) String() string {
	return [...]string{"conn_read", "conn_parse_cmd", "conn_watch", "conn_nread"}[a]
}

// waitsFor is reading or receiving.
func (c *conn) waitsFor() activity {
	if c.session.Need() > 0 {
		return receiving
	}
	return reading
}

// reason is why the connection ends, in memcached's words.
func (c *conn) reason(err error) string {
	switch {
	case c.expired.Load():
		return "idle_timeout"
	case c.srv.ending():
		return "shutdown"
	case c.session.Refused():
		return "error"
	case err == nil || errors.Is(err, io.EOF):
		return "normal"
	}
	return "error"
}

// discard drops what the client sends, until it ends its connection or interrupt is called.
func (c *conn) discard() {
	for {
		c.in.taken(len(c.in.unread()))
		if _, err := c.fill(); err != nil {
			return
		}
	}
}

// interrupt ends discard. Nothing can be read any more.
func (c *conn) interrupt() { _ = c.net.SetReadDeadline(time.Unix(1, 0)) }
