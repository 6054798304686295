package session

import (
	"bytes"
	"strings"
	"testing"
)

// guarded is a rig whose client has to say that it is ann.
func guarded() *rig {
	g := newRig(DefaultLimits())
	g.s.Guard(func(user, password []byte) bool { return string(user) == "ann" && string(password) == "secret" })
	return g
}

const (
	login    = "set key 0 0 10\r\nann secret\r\n"
	refused  = "CLIENT_ERROR unauthenticated\r\n"
	failure  = "CLIENT_ERROR authentication failure\r\n"
	noFormat = "CLIENT_ERROR bad authentication token format\r\n"
	noEnd    = "CLIENT_ERROR bad command line termination\r\n"
	tooLong  = "CLIENT_ERROR auth token too long\r\n"
)

func TestGuard(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"right", login + "get a\r\nset a 0 0 1\r\nx\r\nget a\r\n", "STORED\r\nEND\r\nSTORED\r\nVALUE a 7 1\r\nx\r\nEND\r\n"},
		{"anything else", "get a\r\nversion\r\nstats\r\nflush_all\r\n", strings.Repeat(refused, 4)},
		{"too short for it", "version\r\nquit\r\n" + login, refused},
		{"hardly anything", "\r\n" + login, ""},
		{"a block that is not asked for", "add key 0 0 10\r\nann secret\r\n", refused + refused},
		{"key, flags and time do not matter", "set " + strings.Repeat("k", 300) + " x y 10 more\r\nann secret\r\nmn\r\n", "STORED\r\nMN\r\n"},
		{"noreply is answered", "set k 0 0 10 noreply\r\nann secret\r\n", "STORED\r\n"},
		{"a bare line end", "set k 0 0 10\nann secret\r\n", "STORED\r\n"},
		{"something like set", "settle k 0 0 10\r\nann secret\r\n", "STORED\r\n"},
		{"more words", "set k 0 0 15\r\nann secret word\r\n", failure},
		{"spaces", "set k 0 0 11\r\nann  secret\r\n", failure},
		{"a wrong password, and again", "set k 0 0 9\r\nann secre\r\n" + login, failure + "STORED\r\n"},
		{"a wrong user", "set k 0 0 10\r\nbob secret\r\nget a\r\n", failure + refused},
		{"one word", "set k 0 0 3\r\nann\r\n", noFormat},
		{"no password", "set k 0 0 4\r\nann \r\n", failure},
		{"nothing", "set k 0 0 0\r\n\r\n", noFormat},
		{"no line end", "set k 0 0 10\r\nann secretXXget a\r\n", noEnd + refused},
		{"a length too short", "set k 0 0 5\r\nann secret\r\n", noEnd},
		{"words missing", "set k 0 0\r\n", refused},
		{"no length", "set k 0 0 x\r\n", refused},
		{"a negative length", "set k 0 0 -1\r\n", refused},
		{"a sign", "set k 0 0 +10\r\n", refused},
		{"a length of 33 bits", "set k 0 0 4294967296\r\n", refused},
		{"upper case", "SET k 0 0 10\r\n", refused},
		{"too long", "set k 0 0 16385\r\n" + login, tooLong + "STORED\r\n"},
		{"as long as can be", "set k 0 0 16384\r\n" + strings.Repeat("x", 16384) + "\r\n", noFormat},
		{"a get in two lines", "get " + strings.Repeat("a", 2100), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(guarded().feed([]byte(test.in))); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			bytewise := guarded()
			var got []byte
			for i := range len(test.in) {
				got = append(got, bytewise.feed([]byte(test.in[i:i+1]))...)
			}
			if string(got) != test.want {
				t.Errorf("byte by byte got %q, want %q", got, test.want)
			}
		})
	}
}

// Of a client that has not said who it is not much is held, whatever it sends.
func TestGuardHoldsLittle(t *testing.T) {
	g := guarded()
	g.feed([]byte("get " + strings.Repeat("a ", 2000)))
	if !g.s.Closing() {
		t.Error("a long get is waited for")
	}
	g = guarded()
	out := g.feed([]byte("set k 0 0 2000000000\r\n"))
	if g.feed(bytes.Repeat([]byte("x"), 10_000)); string(out) != tooLong || !g.s.Closing() {
		t.Errorf("what is refused is waited for: %q", out)
	}
	if g.s.check == nil || len(g.round.calls) > 0 {
		t.Error("it has got in")
	}
}
