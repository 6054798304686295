package harness

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// ConnTimeout bounds every read and write of a Conn, unless it is told otherwise.
// It is longer than any deadline of a server under test.
const ConnTimeout = 15 * time.Second

// Conn is one client connection, without any of a client library's ideas: it
// sends bytes and reads replies. It is for one goroutine, except that one may
// send while another reads.
type Conn struct {
	// Timeout bounds each read and write.
	Timeout time.Duration

	net  net.Conn
	read *bufio.Reader
}

// Open connects to host:port, or to a unix socket if address is a path.
func Open(address string) (*Conn, error) {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	conn, err := net.DialTimeout(network, address, ConnTimeout)
	if err != nil {
		return nil, fmt.Errorf("harness: %w", err)
	}
	return newConn(conn), nil
}

func newConn(conn net.Conn) *Conn {
	return &Conn{Timeout: ConnTimeout, net: conn, read: bufio.NewReaderSize(conn, 64<<10)}
}

// Dial is Open for a test: it fails the test if there is no connection, and
// closes it when the test ends.
func Dial(t testing.TB, address string) *Conn {
	t.Helper()
	conn, err := Open(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// Close closes the connection at once, whatever is under way.
func (c *Conn) Close() { _ = c.net.Close() }

// CloseWrite says that nothing more will be sent; replies can still be read.
func (c *Conn) CloseWrite() error {
	return c.net.(interface{ CloseWrite() error }).CloseWrite()
}

// Send sends bytes as they are, in one write.
func (c *Conn) Send(text string) error { return c.SendChunks(text, Whole) }

// SendChunks sends bytes in writes of the sizes that chunks chooses.
func (c *Conn) SendChunks(text string, chunks Chunks) error {
	for len(text) > 0 {
		size := chunks.next(len(text))
		_ = c.net.SetWriteDeadline(time.Now().Add(c.Timeout))
		if _, err := io.WriteString(c.net, text[:size]); err != nil {
			return fmt.Errorf("harness: sending: %w", err)
		}
		text = text[size:]
		chunks.wait(len(text))
	}
	return nil
}

// Read reads whatever comes, like a socket.
func (c *Conn) Read(p []byte) (int, error) {
	_ = c.net.SetReadDeadline(time.Now().Add(c.Timeout))
	return c.read.Read(p)
}

// ReadFull reads exactly n bytes, or fewer if the server closes before.
func (c *Conn) ReadFull(n int) (string, error) {
	_ = c.net.SetReadDeadline(time.Now().Add(c.Timeout))
	text := make([]byte, n)
	got, err := io.ReadFull(c.read, text)
	return string(text[:got]), err
}

// Drain reads until nothing has come for quiet, or until the server closes, and
// reports which.
func (c *Conn) Drain(quiet time.Duration) (text string, closed bool) {
	var all []byte
	buffer := make([]byte, 64<<10)
	for {
		_ = c.net.SetReadDeadline(time.Now().Add(quiet))
		n, err := c.read.Read(buffer)
		all = append(all, buffer[:n]...)
		if err != nil {
			return string(all), !errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
}

// Hears reports whether anything comes, or the connection ends, within patience.
func (c *Conn) Hears(patience time.Duration) bool {
	_ = c.net.SetReadDeadline(time.Now().Add(patience))
	_, err := c.read.Peek(1)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// Do sends one command and returns its reply; a failure fails the test.
func (c *Conn) Do(t testing.TB, command string) string {
	t.Helper()
	if err := c.Send(command); err != nil {
		t.Fatal(err)
	}
	reply, err := c.Reply()
	if err != nil {
		t.Fatalf("%s: %v", Shorten(command), err)
	}
	return reply
}

// Expect sends one command and fails the test unless its reply is want.
func (c *Conn) Expect(t testing.TB, command, want string) {
	t.Helper()
	if got := c.Do(t, command); got != want {
		t.Fatalf("%s answered %s, not %s", Shorten(command), Shorten(got), Shorten(want))
	}
}

// Ask sends one command on a connection of its own; "" is no answer.
func Ask(address, command string) string {
	conn, err := Open(address)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if conn.Send(command) != nil {
		return ""
	}
	reply, err := conn.Reply()
	if err != nil {
		return ""
	}
	return reply
}

// Stored stores a value at one server and reports whether another has it then.
func Stored(key, value, at, then string) bool {
	if Ask(at, fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value)) != "STORED\r\n" {
		return false
	}
	return Ask(then, "get "+key+"\r\n") == fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", key, len(value), value)
}

// Shorten quotes a text for a test's log and cuts a long one in the middle.
func Shorten(text string) string {
	const most = 240
	if len(text) <= most {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q...(%d bytes)...%q", text[:most/2], len(text), text[len(text)-most/4:])
}

// DialTLS is Dial with a TLS handshake, which fails the test if it fails.
func DialTLS(t testing.TB, address string, config *tls.Config) *Conn {
	t.Helper()
	c, err := OpenTLS(address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// OpenTLS is Open with a TLS handshake.
func OpenTLS(address string, config *tls.Config) (*Conn, error) {
	conn, err := net.DialTimeout("tcp", address, ConnTimeout)
	if err != nil {
		return nil, fmt.Errorf("harness: %w", err)
	}
	secured := tls.Client(conn, config)
	_ = conn.SetDeadline(time.Now().Add(ConnTimeout))
	if err := secured.Handshake(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("harness: %w", err)
	}
	return newConn(secured), nil
}
