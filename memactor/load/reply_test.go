package load

import (
	"strings"
	"testing"
)

func TestParseReply(t *testing.T) {
	tests := []parsed{
		{"END\r\n", replyEnd, 5, "", ""},
		{"END\n", replyEnd, 4, "", ""},
		{"END\r\nSTORED\r\n", replyEnd, 5, "", ""},
		{"STORED\r\n", replyStored, 8, "", ""},
		{"NOT_STORED\r\n", replyGarbage, 12, "", ""},
		{"ERROR\r\n", replyRefused, 7, "", ""},
		{"ERROR Too many open connections\r\n", replyRefused, 33, "", ""},
		{"SERVER_ERROR busy\r\n", replyRefused, 19, "", ""},
		{"CLIENT_ERROR bad data chunk\r\n", replyRefused, 29, "", ""},
		{"\r\n", replyGarbage, 2, "", ""},
		{"HTTP/1.1 400 Bad Request\r\n", replyGarbage, 26, "", ""},
		{"VALUE k 0 3\r\nabc\r\nEND\r\n", replyValue, 18, "k", "abc"},
		{"VALUE k 4294967295 3 77\r\nabc\r\n", replyValue, 30, "k", "abc"},
		{"VALUE k 0 0\r\n\r\n", replyValue, 15, "k", ""},
		{"VALUE k 0 7\r\na\r\nEND\r\r\n", replyValue, 22, "k", "a\r\nEND\r"},
		{"VALUE k 0 3\r\nabcd\r\n", replyGarbage, 18, "", ""},
		{"VALUE k 0\r\n", replyGarbage, 11, "", ""},
		{"VALUE k 0 \r\n", replyGarbage, 12, "", ""},
		{"VALUE k 0 3x\r\n", replyGarbage, 14, "", ""},
		{"VALUE k 0 -1\r\n", replyGarbage, 14, "", ""},
		{"VALUE k 0 99999999999999999999\r\n", replyGarbage, 32, "", ""},
		{strings.Repeat("x", maxLine), replyGarbage, maxLine, "", ""},
	}
	for _, test := range tests {
		test.check(t, textWords{})
	}
}

// parsed is a text, and what the first reply in it is.
type parsed struct {
	in         string
	kind       replyKind
	size       int
	key, value string
}

func (p *parsed) check(t *testing.T, in words) {
	t.Helper()
	r := parseReply(in, []byte(p.in))
	if r.kind != p.kind || r.size != p.size || string(r.key) != p.key || string(r.value) != p.value {
		t.Errorf("%q: %v of %d bytes, key %q, value %q", p.in, r.kind, r.size, r.key, r.value)
	}
}

// A reply cut anywhere is incomplete, and never asks for more bytes than it has: it would wait for ever.
func TestACutReplyIsIncomplete(t *testing.T) {
	for protocol, replies := range map[Protocol][]string{
		Text: {"END\r\n", "STORED\r\n", "SERVER_ERROR x\r\n", "VALUE key 0 10\r\nab\r\nEND\r\nx\r\n"},
		Meta: {"EN\r\n", "HD\r\n", "SERVER_ERROR x\r\n", "VA 9 f0 kkey\r\nab\r\nMN\r\nx\r\n"},
	} {
		for _, whole := range replies {
			for n := range len(whole) {
				r := parseReply(protocol.words(), []byte(whole[:n]))
				if r.kind != replyIncomplete || r.size <= n || r.size > len(whole) {
					t.Errorf("%q cut to %d: %v, needs %d", whole, n, r.kind, r.size)
				}
			}
		}
	}
}

func TestReplyKindsHaveNames(t *testing.T) {
	for kind := replyIncomplete; kind <= replyGarbage; kind++ {
		if kind.String() == "" {
			t.Errorf("kind %d", kind)
		}
	}
}

func FuzzParseReply(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "\r\n", "END\r\n", "STORED\r\n", "VALUE k 0 3\r\nabc\r\nEND\r\n", "VALUE  0 0\r\n\r\n", "VALUE k 0 3 9\r\nabc\r\n",
		"SERVER_ERROR busy\r\n", "VALUE k 0 18446744073709551616\r\n", "VALUE \r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) { checkSize(t, textWords{}, in) })
}

// checkSize checks that a reply lies in what was received, or needs more than that.
func checkSize(t *testing.T, words words, in []byte) {
	t.Helper()
	r := parseReply(words, in)
	switch {
	case r.kind == replyIncomplete && r.size <= len(in):
		t.Errorf("%q: incomplete, and needs %d of %d bytes", in, r.size, len(in))
	case r.kind != replyIncomplete && (r.size < 1 || r.size > len(in)):
		t.Errorf("%q: %v has %d of %d bytes", in, r.kind, r.size, len(in))
	}
}
