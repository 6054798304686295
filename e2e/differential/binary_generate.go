package differential

import (
	"encoding/binary"
	"strings"

	"pgregory.net/rapid"
)

const (
	opFlush   = 0x08
	opNoop    = 0x0a
	opVersion = 0x0b
	opStat    = 0x10
	opQuit    = 0x07
	opQuitQ   = 0x17
)

// shape is the opcodes of one kind, and what their requests hold.
type shape struct {
	share   int
	opcodes []byte
	extras  *rapid.Generator[string] // nil: none
	keys    *rapid.Generator[string] // nil: none
	value   bool
}

// unsigned are exptimes as the binary protocol has them. 0xffffffff is the year 2106, but in increment it means that a
// missing entry is not made.
var unsigned = rapid.SampledFrom([]uint32{0, 0, 0, 0, 100, 2592000, 2592001, 1000000000, 1<<31 - 1, 1 << 31, 1<<32 - 1})

var shapes = []shape{
	{share: 14, opcodes: []byte{0x00, 0x09, 0x0c, 0x0d}, keys: anyKeys},
	{share: 6, opcodes: []byte{0x1c, 0x1d, 0x1e, 0x23, 0x24}, extras: rapid.Custom(drawTime), keys: anyKeys},
	{share: 14, opcodes: []byte{0x01, 0x01, 0x02, 0x03, 0x11, 0x11, 0x12, 0x13}, extras: rapid.Custom(drawItem), keys: anyKeys, value: true},
	{share: 6, opcodes: []byte{0x0e, 0x0f, 0x19, 0x1a}, keys: anyKeys, value: true},
	{share: 10, opcodes: []byte{0x05, 0x06, 0x15, 0x16}, extras: rapid.Custom(drawCount), keys: binaryKeys},
	{share: 4, opcodes: []byte{0x04, 0x14}, keys: anyKeys},
	{share: 1, opcodes: []byte{opFlush, 0x18}, extras: rapid.SampledFrom([]string{"", "\x00\x00\x00\x00"})},
	{share: 2, opcodes: []byte{opNoop, opVersion, 0x20}},
	{share: 1, opcodes: []byte{0x21, 0x22}, keys: anyKeys, value: true}, // SASL, which is off
	{share: 1, opcodes: []byte{0x1f, 0x25, 0x3d, 0x77, 0xff}},           // none
}

// BinaryScripts draws scripts of the binary protocol. Left out is what memcached loses its place by, taking part of a
// request for the next one: opcodes that are none and touch, gat and stat with more of a body than they need.
func BinaryScripts() *rapid.Generator[BinaryScript] {
	return rapid.Custom(func(t *rapid.T) BinaryScript {
		return settleBinary(rapid.SliceOfN(rapid.Custom(drawBinaryStep), 1, 12).Draw(t, "steps"))
	})
}

func drawBinaryStep(t *rapid.T) BinaryStep {
	step := BinaryStep{
		Conn:   rapid.IntRange(0, Connections-1).Draw(t, "connection"),
		Frames: rapid.SliceOfN(frames, 1, 12).Draw(t, "frames"),
		Cuts:   cuts.Draw(t, "cuts"),
	}
	if rapid.IntRange(0, 8).Draw(t, "ends") == 8 {
		step.Frames = append(step.Frames, binaryEndings.Draw(t, "ending"))
	}
	return step
}

// frames draws requests behind which the connection goes on.
var frames = oneOf(frameGenerators())

func frameGenerators() (all []*rapid.Generator[Frame]) {
	for _, s := range shapes {
		for range s.share {
			all = append(all, s.generator())
		}
	}
	return append(all, rapid.Custom(drawStat), rapid.Custom(drawTooLarge))
}

func (s shape) generator() *rapid.Generator[Frame] {
	return rapid.Custom(func(t *rapid.T) Frame {
		f := Frame{Opcode: even(s.opcodes...).Draw(t, "opcode")}
		if s.extras != nil {
			f.Extras = s.extras.Draw(t, "extras")
		}
		if s.keys != nil {
			f.Key = s.keys.Draw(t, "key")
		}
		if s.value {
			f.Value = values.Draw(t, "value")
		}
		f.Cas = rapid.SampledFrom([]string{"", "", "", "", "", f.Key, f.Key, "a", otherCas}).Draw(t, "cas")
		return f
	})
}

// binaryKeys are the keys, and some that no text could name.
var binaryKeys = rapid.OneOf(keys, keys, keys, even("a b", "\r\n", "\x80", "\x00", "a\x00b", longKey))

// anyKeys are those and bigKey, whose value may be large. It is not counted: of a value in pieces, from half a megabyte on,
// memcached says that it is no number before it looks at the cas unique, and of a smaller one after that.
var anyKeys = rapid.OneOf(binaryKeys, binaryKeys, binaryKeys, binaryKeys, rapid.Just(bigKey))

const bigKey = "big"

func drawTime(t *rapid.T) string { return be32(unsigned.Draw(t, "exptime")) }

func drawItem(t *rapid.T) string {
	return be32(rapid.SampledFrom([]uint32{0, 1, 65536, 1<<32 - 1}).Draw(t, "flags")) + be32(unsigned.Draw(t, "exptime"))
}

func drawCount(t *rapid.T) string {
	number := rapid.SampledFrom([]uint64{0, 1, 9, 10, 100, 1 << 63, 1<<64 - 1})
	exptime := rapid.SampledFrom([]uint32{0, 0, 100, 1<<32 - 1, 1<<32 - 1})
	return be64(number.Draw(t, "delta")) + be64(number.Draw(t, "initial")) + be32(exptime.Draw(t, "exptime"))
}

func be32(v uint32) string { return string(binary.BigEndian.AppendUint32(nil, v)) }
func be64(v uint64) string { return string(binary.BigEndian.AppendUint64(nil, v)) }

// drawStat asks for what both servers answer alike.
func drawStat(t *rapid.T) Frame {
	return Frame{Opcode: opStat, Key: rapid.SampledFrom([]string{"reset", "bogus", "detail off"}).Draw(t, "group")}
}

// drawTooLarge stores, or joins to, a value that is larger than an item may be, or becomes so.
func drawTooLarge(t *rapid.T) Frame {
	f := Frame{Opcode: rapid.SampledFrom([]byte{0x01, 0x11, 0x02, 0x03, 0x0e, 0x1a}).Draw(t, "opcode"), Key: bigKey}
	if f.Opcode <= 0x03 || f.Opcode == 0x11 {
		f.Extras = be64(0)
	}
	f.Value = strings.Repeat("L", rapid.SampledFrom([]int{600_000, 600_000, 1<<20 + 1}).Draw(t, "length"))
	f.Cas = rapid.SampledFrom([]string{"", "", f.Key, otherCas}).Draw(t, "cas")
	return f
}

// endings are requests behind which the connection is closed.
var binaryEndings = rapid.OneOf(
	even([]Frame{
		{Opcode: opQuit}, {Opcode: opQuitQ}, {Opcode: opQuit, Key: "k"}, {Opcode: opNoop, Value: "x"}, {Opcode: opVersion, Extras: "x"},
		{Opcode: 0x00}, {Opcode: 0x0d, Key: "a", Extras: "1234"}, {Opcode: 0x00, Key: "a", Value: "x"}, {Opcode: 0x00, Key: tooLongKey},
		{Opcode: 0x01, Key: "a", Value: "x"}, {Opcode: 0x11, Extras: "12345678", Value: "x"}, {Opcode: 0x02, Key: "a", Extras: "123456789"},
		{Opcode: 0x0e, Key: "a", Extras: "12345678"}, {Opcode: 0x19}, {Opcode: 0x04, Key: "a", Value: "x"}, {Opcode: 0x14},
		{Opcode: 0x05, Key: "n", Extras: "12345678"}, {Opcode: 0x16, Extras: strings.Repeat("x", 20)}, {Opcode: 0x1d, Key: "a"},
		{Opcode: 0x1c, Extras: "1234"}, {Opcode: opFlush, Extras: "12345678"}, {Opcode: 0x18, Key: "a"}, {Opcode: opStat, Key: "reset", Extras: "1"},
		{Opcode: 0x20, Key: "PLAIN"}, {Opcode: 0x21}, {Opcode: 0x77, Key: tooLongKey},
		{Opcode: 0x00, Key: "a", Lie: -1}, {Opcode: 0x01, Key: "a", Extras: "12345678", Lie: -2}, {Opcode: 0x77, Key: "a", Lie: -1},
	}...),
	rapid.Custom(func(t *rapid.T) Frame {
		return Frame{Opcode: opNoop, Magic: rapid.SampledFrom([]byte{'g', 0x81, 0xff}).Draw(t, "magic")}
	}),
)
