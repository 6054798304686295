package session

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/memactor/memactor/gateway/internal/protocol/frametext"
)

// tokenFrame is a request of SASL.
func tokenFrame(opcode byte, mechanism, token string) string {
	f := []byte{0x80, opcode, 0, byte(len(mechanism)), 0, 0, 0, 0}
	f = binary.BigEndian.AppendUint32(f, uint32(len(mechanism)+len(token)))
	return string(append(f, zeros12...)) + mechanism + token
}

func TestSASL(t *testing.T) {
	const (
		login   = "\x00ann\x00secret"
		version = "\x80\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + zeros12
	)
	list, auth, step := tokenFrame(0x20, "", ""), tokenFrame(0x21, "PLAIN", login), tokenFrame(0x22, "PLAIN", login)
	for _, test := range []struct{ name, in, want string }{
		{"right", auth + getFrame, "21 ok Authenticated | 00 miss"},
		{"what may be said before", version + list + auth + getFrame, "0b ok 1.6.45 | 20 ok PLAIN | 21 ok Authenticated | 00 miss"},
		{"anything else", getFrame + version, "00 auth | closed"},
		{"quit", tokenFrame(0x07, "", "") + version, "07 auth | closed"},
		{"an opcode that is none", tokenFrame(0x77, "", "") + version, "77 auth | closed"},
		{"bad arguments", tokenFrame(0x00, "", "") + version, "00 auth | closed"},
		{"bad lengths", strings.Replace(getFrame, "\x05"+zeros12, "\x04"+zeros12, 1), "00 unknown | closed"},
		{"in two steps", tokenFrame(0x21, "PLAIN", "") + step + getFrame, "21 continue | 22 ok Authenticated | 00 miss"},
		{"a step that was not asked for", step + getFrame, "22 auth | 00 auth | closed"},
		{"a step too many", auth + step + getFrame, "21 ok Authenticated | 22 auth | 00 auth | closed"},
		{"to act for itself", tokenFrame(0x21, "PLAIN", "ann"+login) + getFrame, "21 ok Authenticated | 00 miss"},
		{"to act for another", tokenFrame(0x21, "PLAIN", "bob"+login) + getFrame, "21 auth | 00 auth | closed"},
		{"a wrong password, and again", tokenFrame(0x21, "PLAIN", login+"s") + auth + getFrame, "21 auth | 21 ok Authenticated | 00 miss"},
		{"a wrong one after a right one", auth + tokenFrame(0x21, "PLAIN", login+"s") + getFrame, "21 ok Authenticated | 21 auth | 00 auth | closed"},
		{"no user", tokenFrame(0x21, "PLAIN", "\x00\x00secret"), "21 auth"},
		{"no token", tokenFrame(0x21, "PLAIN", "ann secret"), "21 auth"},
		{"one NUL", tokenFrame(0x21, "PLAIN", "ann\x00secret"), "21 auth"},
		{"another mechanism", tokenFrame(0x21, "CRAM-MD5", login) + auth, "21 auth | 21 ok Authenticated"},
		{"a mechanism too long", tokenFrame(0x21, strings.Repeat("P", 200), login) + auth, "21 auth | 21 ok Authenticated"},
		{"a token too long", tokenFrame(0x21, "PLAIN", strings.Repeat("x", 16385)) + auth, "21 large | 21 ok Authenticated"},
		{"text", "set k 0 0 10\r\nann secret\r\n", "closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole, bytewise := binaryOnly(), binaryOnly()
			if got := outcomes(whole, whole.feed([]byte(test.in))); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			var out []byte
			for i := range len(test.in) {
				out = append(out, bytewise.feed([]byte(test.in[i:i+1]))...)
			}
			if got := outcomes(bytewise, out); got != test.want {
				t.Errorf("byte by byte\ngot  %s\nwant %s", got, test.want)
			}
		})
	}
}

func binaryOnly() *rig {
	g := guarded()
	g.s.speaks = Binary
	return g
}

// outcomes are the answers in short, and whether the session closes.
func outcomes(g *rig, out []byte) string {
	var all []string
	for line := range strings.Lines(frametext.Format(out)) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 10)
		status := map[string]string{
			"0000": "ok", "0001": "miss", "0003": "large", "0020": "auth", "0021": "continue", "0081": "unknown",
		}[words[5]]
		if status == "ok" && len(words) > 9 {
			status += " " + strings.Trim(words[9], `"`)
		}
		all = append(all, words[1]+" "+status)
	}
	if g.s.Closing() {
		all = append(all, "closed")
	}
	return strings.Join(all, " | ")
}

// Where nobody has to say who it is, there is no such command. Its body is dropped.
func TestSASLWithoutUsers(t *testing.T) {
	g := newRig(DefaultLimits())
	in := tokenFrame(0x20, "", "") + tokenFrame(0x21, "PLAIN", "\x00ann\x00secret") + getFrame
	if got := outcomes(g, g.feed([]byte(in))); got != "20 unknown | 21 unknown | 00 miss" {
		t.Error(got)
	}
}

// Of a client that is nobody not much is held.
func TestSASLHoldsLittle(t *testing.T) {
	g := binaryOnly()
	head := []byte(tokenFrame(0x21, "PLAIN", ""))
	binary.BigEndian.PutUint32(head[8:], 1<<32-1)
	out := g.feed(head)
	for range 100 {
		out = append(out, g.feed(bytes.Repeat([]byte("x"), 10_000))...)
	}
	if len(g.in) > 0 || outcomes(g, out) != "21 large" {
		t.Errorf("%d bytes are held, answered %s", len(g.in), outcomes(g, out))
	}
}
