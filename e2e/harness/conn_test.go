package harness

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReply(t *testing.T) {
	tests := []struct{ name, stream, reply string }{
		{"line", "STORED\r\nEND\r\n", "STORED\r\n"},
		{"empty get", "END\r\nSTORED\r\n", "END\r\n"},
		{"value", "VALUE a 0 3\r\nabc\r\nEND\r\nX", "VALUE a 0 3\r\nabc\r\nEND\r\n"},
		{"value like a reply", "VALUE a 0 5\r\nEND\r\n\r\nEND\r\nX", "VALUE a 0 5\r\nEND\r\n\r\nEND\r\n"},
		{"a key of odd bytes", "VALUE a\tb\r\x85 0 3\r\nabc\r\nEND\r\nX", "VALUE a\tb\r\x85 0 3\r\nabc\r\nEND\r\n"},
		{"two values", "VALUE a 0 0\r\n\r\nVALUE b 0 1 77\r\nx\r\nEND\r\n", "VALUE a 0 0\r\n\r\nVALUE b 0 1 77\r\nx\r\nEND\r\n"},
		{"values, then an error", "VALUE a 0 1\r\nx\r\nSERVER_ERROR no\r\nEND\r\n", "VALUE a 0 1\r\nx\r\nSERVER_ERROR no\r\n"},
		{"stats", "STAT pid 1\r\nSTAT x y\r\nEND\r\nOK\r\n", "STAT pid 1\r\nSTAT x y\r\nEND\r\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := talkingTo(t, test.stream).Reply()
			if got != test.reply || err != nil {
				t.Errorf("%q, %v; not %q", got, err, test.reply)
			}
		})
	}
}

func TestReplyRefusesWhatIsNone(t *testing.T) {
	for _, stream := range []string{
		"VALUE a 0\r\nEND\r\n",
		"VALUE a 0 x\r\n\r\nEND\r\n",
		"VALUE a 0 -1\r\n\r\nEND\r\n",
		"VALUE a 0 1\r\nxyzEND\r\n",
	} {
		if got, err := talkingTo(t, stream).Reply(); !errors.Is(err, ErrReply) {
			t.Errorf("%q was taken for the reply %q, %v", stream, got, err)
		}
	}
	for _, stream := range []string{"", "STOR", "VALUE a 0 9\r\nabc", "VALUE a 0 1\r\nx\r\n"} {
		if got, err := talkingTo(t, stream).Reply(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q was taken for the reply %q, %v", stream, got, err)
		}
	}
}

func TestValues(t *testing.T) {
	values, last, err := Values("VALUE a 7 3\r\na\r\n\r\nVALUE b 0 0 12\r\n\r\nEND\r\n")
	want := []Value{{"a", "7", "a\r\n", ""}, {"b", "0", "", "12"}}
	if !slices.Equal(values, want) || last != "END" || err != nil {
		t.Errorf("%+v %q %v", values, last, err)
	}
	for _, reply := range []string{"VALUE a\r\n", "VALUE a 0 5\r\nab\r\nEND\r\n", "VALUE a 0 1 2 3\r\nx\r\nEND\r\n"} {
		if _, _, err := Values(reply); !errors.Is(err, ErrReply) {
			t.Errorf("%q: %v", reply, err)
		}
	}
}

func TestIsError(t *testing.T) {
	for reply, want := range map[string]bool{
		"ERROR\r\n": true, "ERROR Too many open connections\r\n": true, "CLIENT_ERROR x\r\n": true,
		"SERVER_ERROR x\r\n": true, "VALUE a 0 1\r\nx\r\nSERVER_ERROR x\r\n": true,
		"STORED\r\n": false, "END\r\n": false, "VALUE a 0 5\r\nERROR\r\nEND\r\n": false, "12\r\n": false,
	} {
		if got := IsError(reply); got != want {
			t.Errorf("%q: %v", reply, got)
		}
	}
}

func TestChunksSendAllBytes(t *testing.T) {
	texts := []string{"x", "hello", strings.Repeat("0123456789", 9000)}
	for name, chunks := range map[string]func() Chunks{
		"whole": func() Chunks { return Whole }, "bytes": ByteByByte, "random": func() Chunks { return RandomChunks(7) },
	} {
		for _, text := range texts {
			left, right := pair(t)
			go func() {
				_ = left.SendChunks(text, chunks())
				left.Close()
			}()
			got, _ := right.Drain(time.Second)
			if got != text {
				t.Errorf("%s: %s came as %s", name, Shorten(text), Shorten(got))
			}
		}
	}
}

func TestDrainSeesTheEnd(t *testing.T) {
	left, right := pair(t)
	_ = left.Send("abc")
	if text, closed := right.Drain(20 * time.Millisecond); text != "abc" || closed {
		t.Errorf("%q %v", text, closed)
	}
	left.Close()
	if text, closed := right.Drain(time.Second); text != "" || !closed {
		t.Errorf("%q %v", text, closed)
	}
}

func TestProxy(t *testing.T) {
	_, server := Memcached(t)
	const commands = "set a 0 0 1\r\nx\r\nget a\r\nincr n 1\r\nmn\r\n"
	tests := []struct {
		name  string
		alter func() Alter
		want  []string
	}{
		{"faithful", Faithful, []string{"STORED\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n", "NOT_FOUND\r\n", "MN\r\n"}},
		{"swap", SwapReplies(3), []string{"STORED\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n", "MN\r\n", "NOT_FOUND\r\n"}},
		{"drop", DropReplies(3), []string{"STORED\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n", "MN\r\n"}},
	}
	for _, test := range tests {
		conn := Dial(t, Proxy(t, server, test.alter))
		if err := conn.Send(commands); err != nil {
			t.Fatal(err)
		}
		if got, err := conn.Replies(len(test.want)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
}

// talkingTo returns a connection whose server says stream and closes.
func talkingTo(t *testing.T, stream string) *Conn {
	t.Helper()
	server, client := pair(t)
	if stream != "" {
		if err := server.Send(stream); err != nil {
			t.Fatal(err)
		}
	}
	server.Close()
	return client
}

// pair returns both ends of a connection.
func pair(t *testing.T) (*Conn, *Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	left := Dial(t, listener.Addr().String())
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	right := newConn(accepted)
	t.Cleanup(right.Close)
	return left, right
}
