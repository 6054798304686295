package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// TLS is where the server's certificates come from; *certs.Store is one.
type TLS interface {
	// Current is the configuration of handshakes that begin now.
	Current() *tls.Config
	// Since is when the certificates were read.
	Since() time.Time
}

// secure is the TLS of a connection. It lies between the socket and the
// connection's input: what the socket has is read as on any other connection, into
// a buffer that is held only while it is of use, and TLS is given that. So TLS never
// waits, and an idle connection holds neither buffers nor the deep stack of TLS.
type secure struct {
	net.Conn // the socket
	of       *conn
	tls      *tls.Conn
	in       input // what TLS has not taken
	shaking  bool  // the handshake reads the socket itself, and waits
}

// errNothingYet says that TLS needs more than has come. TLS goes on after an error
// that is temporary.
var errNothingYet net.Error = nothingYetError{}

type nothingYetError struct{}

func (nothingYetError) Error() string   { return "no more has come yet" }
func (nothingYetError) Timeout() bool   { return false }
func (nothingYetError) Temporary() bool { return true }

// Read gives TLS what has come.
func (s *secure) Read(p []byte) (int, error) {
	if s.shaking {
		return s.Conn.Read(p)
	}
	n := copy(p, s.in.unread())
	if n == 0 {
		return 0, errNothingYet
	}
	s.in.taken(n)
	return n, nil
}

// Write sends what TLS has to say, of itself too: an alert, in the middle of a read.
// A client that takes nothing for long is closed by patrol then as well.
func (s *secure) Write(p []byte) (int, error) {
	before := s.of.due.Load()
	if before == 0 {
		s.of.setDue(s.of.srv.opts.Timeouts.Write)
	}
	n, err := s.Conn.Write(p)
	s.of.due.Store(before)
	return n, err
}

// secured makes the connection one of TLS; handshake begins it.
func (c *conn) secured(config *tls.Config) {
	c.secure = &secure{Conn: c.net, of: c}
	c.secure.tls = tls.Server(c.secure, config)
	c.out = c.secure.tls
}

// handshake and all that follows. What follows has a goroutine of its own: a
// handshake needs much more stack than a connection ever again.
func (c *conn) handshake() {
	c.setDue(c.srv.opts.Timeouts.Handshake)
	c.secure.shaking = true
	err := c.secure.tls.HandshakeContext(c.srv.life)
	c.secure.shaking = false
	if err != nil {
		c.srv.counts.handshakeErrors.Add(1)
		c.end(err)
		return
	}
	if !c.secure.tls.ConnectionState().DidResume {
		c.srv.counts.newSessions.Add(1)
	}
	c.due.Store(0)
	go c.serve()
}

// fillSecure is input.fill with TLS in between.
func (c *conn) fillSecure() (int, error) {
	for {
		n, err := c.in.readFrom(c.secure.tls)
		switch {
		case n > 0:
			return n, nil
		case errors.Is(err, errNothingYet):
		case err != nil:
			if !errors.Is(err, io.EOF) {
				c.srv.counts.protoErrors.Add(1)
			}
			return 0, err
		}
		if _, err := c.secure.in.fill(c.raw); err != nil {
			return 0, err
		}
	}
}

// closeWrite tells the client that no more answers come.
func (c *conn) closeWrite() error {
	if c.secure != nil {
		if err := c.secure.tls.CloseWrite(); err != nil {
			return err
		}
	}
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
