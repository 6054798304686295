package protocol

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/memactor/memactor/gateway/internal/protocol/frametext"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// TestBinaryTranscripts reads testdata/binary: `request` is a frame and what it is parsed to; `reply` is what the actor
// says to the last request, and the answer; `lines` is what a handler says to it; `local` is the answer of nobody.
func TestBinaryTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/binary", func(t *testing.T, path string) {
		t.Helper()
		var c Command
		var frame []byte // which c borrows
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			switch d.Cmd {
			case "request":
				frame = mustParse(t, d.Input)
				return describeFrame(frame, &c)
			case "reply":
				return frametext.Format(c.Append(nil, &c.Envelope, replyOf(t, d)))
			case "lines":
				return frametext.Format(c.AppendLines(nil, mustUnquote(t, d.Input)))
			case "local":
				return frametext.Format(c.AppendLocal(nil, "1.6.45"))
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	})
}

func mustParse(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := frametext.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func mustUnquote(tb testing.TB, text string) []byte {
	tb.Helper()
	return []byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n")
}

// replyOf reads an actor's reply: a status, and fields of it.
func replyOf(t *testing.T, d *datadriven.TestData) *wire.Reply {
	t.Helper()
	var r wire.Reply
	var name, value string
	d.ScanArgs(t, "status", &name)
	r.Status = shardv1.Status(shardv1.Status_value["STATUS_"+name])
	d.MaybeScanArgs(t, "value", &value)
	d.MaybeScanArgs(t, "flags", &r.Flags)
	d.MaybeScanArgs(t, "cas", &r.Cas)
	d.MaybeScanArgs(t, "number", &r.Number)
	d.MaybeScanArgs(t, "message", &r.Message)
	r.Value = []byte(value)
	return &r
}

// describeFrame is what a frame is parsed to, in words.
func describeFrame(in []byte, c *Command) string {
	frame, ok := Frame(in)
	if !ok {
		return "more is needed\n"
	}
	if e := ParseBinary(frame, c); e != OK {
		return fmt.Sprintf("refused, closes %v, swallows %d\n", e.Closes(), c.Swallow) + frametext.Format(c.appendFault(nil, e))
	}
	words := []string{opcodes[c.Opcode].name, c.Kind.String()}
	add := func(yes bool, format string, args ...any) {
		if yes {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(c.Op != 0, "%s", c.Op)
	add(len(c.Key) > 0, "%q", c.Key)
	add(len(c.Args) > 0, "args=%q", c.Args)
	add(c.Flags != 0, "flags=%d", c.Flags)
	add(c.Exptime != 0, "exptime=%d", c.Exptime)
	add(c.Cas != 0, "cas=%d", c.Cas)
	add(c.Delta != 0, "delta=%d", c.Delta)
	for bit, option := range shardv1.Option_name {
		add(bit != 0 && c.Options&uint32(bit) != 0, "%s", strings.TrimPrefix(option, "OPTION_"))
	}
	slices.Sort(words[2:])
	add(c.Options&uint32(shardv1.Option_OPTION_VIVIFY) != 0, "initial=%d vivify=%d", c.Initial, c.Vivify)
	add(c.Kind == Block, "and %d bytes", c.Bytes)
	add(c.Reads, "(reads)")
	add(c.Quiet, "(quiet)")
	return strings.Join(words, " ") + "\n"
}

// request is a frame's header with these lengths, and extras and key of zeros and k.
func request(opcode byte, extras, key, value int) []byte {
	f := make([]byte, headerLen, headerLen+extras+key)
	f[0], f[1], f[4] = Magic, opcode, byte(extras)
	binary.BigEndian.PutUint16(f[2:], uint16(key))
	binary.BigEndian.PutUint32(f[8:], uint32(extras+key+value))
	f = append(f, make([]byte, extras)...)
	return append(f, strings.Repeat("k", key)...)
}

// TestLengthsOfEveryOpcode is the protocol's table once more: which lengths of extras, key and value go with which opcode.
func TestLengthsOfEveryOpcode(t *testing.T) {
	const some = -1 // any length but 0
	type lengths struct{ extras, key, value []int }
	any3, none, one := []int{0, some}, []int{0}, []int{some}
	item := lengths{[]int{8}, one, any3}
	join, key, time := lengths{none, one, any3}, lengths{none, one, none}, lengths{[]int{4}, one, none}
	count, bare, flush := lengths{[]int{20}, one, none}, lengths{none, none, none}, lengths{[]int{0, 4}, none, none}
	allowed := map[byte]lengths{
		0x00: key, 0x01: item, 0x02: item, 0x03: item, 0x04: key, 0x05: count, 0x06: count, 0x07: bare,
		0x08: flush, 0x09: key, 0x0a: bare, 0x0b: bare, 0x0c: key, 0x0d: key, 0x0e: join, 0x0f: join,
		0x10: {none, any3, none}, 0x11: item, 0x12: item, 0x13: item, 0x14: key, 0x15: count, 0x16: count, 0x17: bare,
		0x18: flush, 0x19: join, 0x1a: join, 0x1b: {[]int{4}, none, none}, 0x1c: time, 0x1d: time, 0x1e: time,
		0x20: bare, 0x21: join, 0x22: join, 0x23: time, 0x24: time,
	}
	has := func(all []int, n int) bool { return slices.Contains(all, n) || n > 0 && slices.Contains(all, some) }
	for opcode := range 256 {
		for _, extras := range []int{0, 1, 4, 8, 20, 24, 255} {
			for _, key := range []int{0, 1, 250} {
				for _, value := range []int{0, 1, 1 << 31} {
					want, known := allowed[byte(opcode)]
					frame, ok := Frame(request(byte(opcode), extras, key, value))
					var c Command
					e := ParseBinary(frame, &c)
					switch {
					case !ok:
						t.Errorf("%#x %d %d %d: no frame", opcode, extras, key, value)
					case !known && (e != ErrUnknown || c.Swallow != value):
						t.Errorf("%#x %d %d %d: %d, swallows %d", opcode, extras, key, value, e, c.Swallow)
					case known && (e == OK) != (has(want.extras, extras) && has(want.key, key) && has(want.value, value)):
						t.Errorf("%#x %d %d %d: %d", opcode, extras, key, value, e)
					case known && e != OK && e != ErrArguments:
						t.Errorf("%#x %d %d %d: %d", opcode, extras, key, value, e)
					case known && e == OK && (opcodes[opcode].render == nil) == (c.Kind == Call || c.Kind == Block):
						t.Errorf("%#x: nothing to render", opcode)
					}
				}
			}
		}
	}
}

func TestBinaryAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 4096)
	r := &wire.Reply{Status: shardv1.Status_STATUS_OK, Value: make([]byte, 100), Flags: 1, Cas: 2}
	miss := &wire.Reply{Status: shardv1.Status_STATUS_NOT_FOUND}
	for opcode := range 256 {
		for _, in := range [][]byte{
			request(byte(opcode), 0, 3, 0), request(byte(opcode), 8, 3, 100), request(byte(opcode), 20, 3, 0),
			request(byte(opcode), 4, 3, 0), request(byte(opcode), 0, 0, 0),
		} {
			var c Command
			if n := testing.AllocsPerRun(5, func() {
				frame, _ := Frame(in)
				switch e := ParseBinary(frame, &c); {
				case e != OK:
					buf = c.appendFault(buf[:0], e)
				case c.Kind == Call || c.Kind == Block:
					buf = c.Append(c.Append(buf[:0], &c.Envelope, r), &c.Envelope, miss)
				default:
					buf = c.AppendLocal(buf[:0], "1.6.45")
				}
			}); n != 0 {
				t.Errorf("%#x: %v allocations", opcode, n)
			}
		}
	}
}

func BenchmarkParseBinary(b *testing.B) {
	for name, in := range map[string][]byte{"get": request(0x00, 0, 9, 0), "set": request(0x01, 8, 9, 100)} {
		b.Run(name, func(b *testing.B) {
			var c Command
			b.ReportAllocs()
			for b.Loop() {
				frame, _ := Frame(in)
				ParseBinary(frame, &c)
			}
		})
	}
}

// A cas in the header is compared by what changes the entry, never by what reads it.
func TestBinaryReadsCompareNothing(t *testing.T) {
	for opcode, want := range map[byte]bool{0x00: false, 0x09: false, 0x0c: false, 0x1d: false, 0x24: false, 0x01: true, 0x04: true, 0x05: true, 0x0e: true} {
		extras := map[byte]int{0x1d: 4, 0x24: 4, 0x01: 8, 0x05: 20}[opcode]
		in := request(opcode, extras, 1, 0)
		binary.BigEndian.PutUint64(in[16:], 5)
		frame, _ := Frame(in)
		var c Command
		if err := ParseBinary(frame, &c); err != OK || c.Has(shardv1.Option_OPTION_COMPARE) != want {
			t.Errorf("%02x: compares: %v (%v)", opcode, !want, err)
		}
	}
}
