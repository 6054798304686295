package session

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawCommands draws well-formed and faulty commands.
func drawCommands(t *rapid.T) []byte {
	key := rapid.SampledFrom([]string{"a", "b", "cc", "key:1"})
	value := rapid.StringMatching(`[a-z\r\n]{0,12}`)
	var in []byte
	for range rapid.IntRange(1, 12).Draw(t, "commands") {
		k, v := key.Draw(t, "key"), value.Draw(t, "value")
		noreply := rapid.SampledFrom([]string{"", " noreply"}).Draw(t, "noreply")
		quiet := rapid.SampledFrom([]string{"", " q"}).Draw(t, "quiet")
		in = append(in, rapid.SampledFrom([]string{
			fmt.Sprintf("set %s 0 0 %d%s\r\n%s\r\n", k, len(v), noreply, v),
			fmt.Sprintf("set %s 0 0 %d\r\n%sx\r\n", k, len(v), v),
			fmt.Sprintf("set %s x 0 %d\r\n%s\r\n", k, len(v), v),
			fmt.Sprintf("set %s 0 0 500\r\n%s\r\n", k, bytes.Repeat([]byte("x"), 500)),
			fmt.Sprintf("get %s\r\n", k),
			fmt.Sprintf("get %s %s  a b c\n", k, k),
			fmt.Sprintf("gets %s\r\n", bytes.Repeat([]byte(k+" "), 40)),
			fmt.Sprintf("get %s\r\n", bytes.Repeat([]byte(k+" "), 600)),
			fmt.Sprintf("mg %s v k t O%d%s\r\n", k, len(v), quiet),
			fmt.Sprintf("mg %s b k v%s\r\n", base64.StdEncoding.EncodeToString([]byte(k)), quiet),
			fmt.Sprintf("ms %s %d s k%s\r\n%s\r\n", k, len(v), quiet, v),
			fmt.Sprintf("ms %s %d b k\r\n%s\r\n", base64.StdEncoding.EncodeToString([]byte(k)), len(v), v),
			fmt.Sprintf("ms %s %d MZ\r\n%s\r\n", k, len(v), v),
			fmt.Sprintf("ms %s %d !\r\n", k, len(v)),
			fmt.Sprintf("ms %s 500%s\r\n%s\r\n", k, quiet, bytes.Repeat([]byte("x"), 500)),
			fmt.Sprintf("ms %s %d%s\r\n%sx\r\n", k, len(v), quiet, v),
			fmt.Sprintf("md %s O1 k%s\r\n", k, quiet),
			fmt.Sprintf("ma %s v k%s\r\n", k, quiet),
			fmt.Sprintf("mg %s v v\r\n", k),
			fmt.Sprintf("delete %s%s\r\n", k, noreply),
			fmt.Sprintf("incr %s 1%s\r\n", k, noreply),
			"version\r\n", "\r\n", "bogus\r\n", "get\r\n", "flush_all" + noreply + "\r\n", "stats\r\n", "verbosity 1\r\n", "mn\r\n",
		}).Draw(t, "command")...)
	}
	return in
}

// drawFrames draws requests of the binary protocol, well-formed and faulty.
func drawFrames(t *rapid.T) []byte {
	var in []byte
	for range rapid.IntRange(1, 12).Draw(t, "frames") {
		opcode := rapid.SampledFrom([]byte{
			0x00, 0x00, 0x01, 0x01, 0x01, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x10, 0x11, 0x14, 0x18, 0x1d, 0x77,
		}).Draw(t, "opcode")
		extras := map[byte]int{0x01: 8, 0x02: 8, 0x11: 8, 0x05: 20, 0x1d: 4}[opcode]
		key := rapid.SampledFrom([]string{"a", "b", "cc", "key:1"}).Draw(t, "key")
		value := ""
		switch opcode {
		case 0x08, 0x0a, 0x0b, 0x18:
			key = ""
		case 0x01, 0x02, 0x0e, 0x11, 0x77:
			value = strings.Repeat("v", rapid.SampledFrom([]int{0, 1, 20, 400, 5000}).Draw(t, "length"))
		}
		if rapid.IntRange(0, 40).Draw(t, "fault") == 40 {
			extras++
		}
		f := []byte{0x80, opcode, 0, byte(len(key)), byte(extras), 0, 0, 0}
		f = binary.BigEndian.AppendUint32(f, uint32(extras+len(key)+len(value)))
		f = binary.BigEndian.AppendUint32(f, uint32(len(in)))
		f = append(f, make([]byte, 8+extras)...)
		in = append(append(append(in, f...), key...), value...)
	}
	return in
}

// Any chunking of the input and any order of the replies give the same output.
func TestChunksAndReplyOrderDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := DefaultLimits()
		limits.MaxItem = 400
		limits.Window = rapid.SampledFrom([]int{1, 2, 3, 1024}).Draw(t, "window")
		in := rapid.OneOf(rapid.Custom(drawCommands), rapid.Custom(drawFrames)).Draw(t, "input")
		whole, parts := newRig(limits), newRig(limits)
		want := whole.feed(in)

		limits.MaxLine = rapid.SampledFrom([]int{2500, 1 << 20}).Draw(t, "line")
		parts.s = New(limits, "1.6.45", Auto)
		parts.part = rapid.SampledFrom([]int{1, 20, 1 << 20}).Draw(t, "part")
		parts.order = func(n int) []int { return rapid.Permutation(inOrder(n)).Draw(t, "order") }
		var got []byte
		for rest := in; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
			got = append(got, parts.feed(rest[:n])...)
			rest = rest[n:]
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("whole:\n%q\nin parts:\n%q", want, got)
		}
		if len(whole.bars) != len(parts.bars) {
			t.Fatalf("barriers %q and %q", whole.bars, parts.bars)
		}
		if whole.most > limits.Window {
			t.Fatalf("%d calls in a window of %d", whole.most, limits.Window)
		}
	})
}

// Whatever comes in, the session stays within its limits and gets on.
func FuzzSession(f *testing.F) {
	for _, seed := range []string{
		"get a\r\n", "set a 0 0 3\r\nabc\r\nget a\r\n", "\r", "get " + string(bytes.Repeat([]byte("k "), 2000)),
		"set a 0 0 2147483645\r\n", "set a 0 0 3\r\nab\nget a\r\n", "gat 0 a b\r\nquit\r\nget a\r\n", "flush_all\r\nstats\r\n",
		"set a 0 0 100\r\n", "\x80\x00\x00", "GET / HTTP/1.1\r\n", "cas a 0 0 1 noreply\r\nx\r\n", "get a " + string(bytes.Repeat([]byte("k"), 5000)),
		getFrame + getFrame, setFrame, "\x80\x01\x00\x01\x08\x00\x00\x00\xff\xff\xff\xff" + strings.Repeat("\x00", 21), "\x80\x10" + strings.Repeat("\x00", 22),
		"\x80\x01\x00\xff\xff\x00\x00\x00\x7f\xff\xff\xff" + strings.Repeat("\x00", 600),
		"mg a v k t O1 q\r\nmn\r\n", "ms YQ== 1 b MA N0\r\nx\r\nmg YQ== b k v\r\n", "ms a 300 q\r\n", "md a I q\r\nma a N0 J5 v\r\nme a\r\n",
	} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, chunk uint8) {
		limits := Limits{MaxItem: 300, Commands: 100, Window: 4, WindowBytes: 1000, HoldBytes: 900, MaxLine: 2200}
		g := newRig(limits)
		for rest := in; len(rest) > 0 && !g.s.Closing(); {
			n := min(len(rest), int(chunk)+1)
			g.feed(rest[:n])
			rest = rest[n:]
			if len(g.in) > limits.MaxLine+int(chunk)+1 {
				t.Fatalf("%d bytes held", len(g.in))
			}
		}
		if g.most > limits.Window {
			t.Fatalf("%d calls in a window of %d", g.most, limits.Window)
		}
	})
}
