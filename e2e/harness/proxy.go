package harness

import (
	"io"
	"net"
	"testing"
	"time"
)

// Alter changes the replies of one connection: it is given each reply in order,
// and returns the bytes that the client gets instead. more says, after a moment
// of waiting, whether another reply follows; only then may one be held back.
type Alter func(reply string, more func() bool) string

// moment is how long more waits.
const moment = 50 * time.Millisecond

// Proxy puts itself between clients and a server that works and plants a bug: a
// checker that does not notice is not worth having. newAlter is called for each
// connection. It returns the address for clients; it ends with the test.
func Proxy(t testing.TB, server string, newAlter func() Alter) string {
	t.Helper()
	listener, err := net.Listen("tcp", FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client, server, newAlter())
		}
	}()
	return listener.Addr().String()
}

// relay serves one client until either side closes.
func relay(client net.Conn, server string, alter Alter) {
	defer func() { _ = client.Close() }()
	conn, err := Open(server)
	if err != nil {
		return
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn.net, client)
		conn.Close()
	}()
	for {
		reply, err := conn.Reply()
		if err != nil {
			return
		}
		if _, err := io.WriteString(client, alter(reply, func() bool { return conn.Hears(moment) })); err != nil {
			return
		}
	}
}

// Faithful alters nothing.
func Faithful() Alter { return func(reply string, _ func() bool) string { return reply } }

// SwapReplies sends every nth reply after the one that follows it.
func SwapReplies(n int) func() Alter {
	return func() Alter {
		count, held := 0, ""
		return func(reply string, more func() bool) string {
			count++
			if held == "" && count%n == 0 && more() {
				held = reply
				return ""
			}
			reply += held
			held = ""
			return reply
		}
	}
}

// DropReplies leaves out every nth reply.
func DropReplies(n int) func() Alter {
	return func() Alter {
		count := 0
		return func(reply string, _ func() bool) string {
			count++
			if count%n == 0 {
				return ""
			}
			return reply
		}
	}
}
