package protocol

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// nastyHeaders are requests whose lengths lie, or are as large as they can be.
func nastyHeaders() (all [][]byte) {
	for _, opcode := range []byte{0x00, 0x01, 0x05, 0x0e, 0x10, 0x1d, 0x21, 0x77} {
		for _, lengths := range [][3]uint32{ // key, extras, body
			{65535, 0, 65535}, {251, 8, 259}, {250, 8, 1<<32 - 1}, {1, 8, 1<<31 + 9}, {3, 255, 258}, {65535, 255, 65789}, {3, 0, 2}, {0, 8, 0},
		} {
			f := make([]byte, headerLen)
			f[0], f[1], f[4] = Magic, opcode, byte(lengths[1])
			binary.BigEndian.PutUint16(f[2:], uint16(lengths[0]))
			binary.BigEndian.PutUint32(f[8:], lengths[2])
			all = append(all, append(f, "\x00\x00\x00\x01\xff\xff\xff\xffkey"...)) //nolint:makezero // the zeros are meant
		}
	}
	return append(all, []byte{Magic}, bytes.Repeat([]byte{Magic}, 600), append([]byte{0x81}, make([]byte, 30)...))
}

// transcriptFrames are the requests of the transcripts.
func transcriptFrames(tb testing.TB) (all [][]byte) {
	tb.Helper()
	names, err := filepath.Glob("testdata/binary/*")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no transcripts: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for part := range strings.SplitSeq(string(text), "request\n") {
			if in, _, ok := strings.Cut(part, "----"); ok && strings.HasPrefix(in, "8") {
				all = append(all, mustParse(tb, in))
			}
		}
	}
	return all
}

// FuzzParseBinary holds the parser to its promises about what it reads and hands out, and the answers to their own
// lengths.
func FuzzParseBinary(f *testing.F) {
	for _, in := range append(nastyHeaders(), transcriptFrames(f)...) {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		frame, ok := Frame(in)
		for cut := range min(len(in), len(frame)) {
			if _, early := Frame(in[:cut]); early {
				t.Fatalf("%x: a frame of %d bytes is found in %d", in, len(frame), cut)
			}
		}
		if !ok {
			if len(in) >= headerLen+255+MaxKey {
				t.Fatalf("%x: %d bytes and still no frame", in, len(in))
			}
			return
		}
		var c Command
		e := ParseBinary(frame, &c)
		checkBinary(t, &c, e, frame)
		if e == OK {
			checkAnswers(t, &c)
		}
	})
}

func checkBinary(t *testing.T, c *Command, e Error, frame []byte) {
	t.Helper()
	if len(frame) > headerLen+255+MaxKey {
		t.Fatalf("%x: a frame of %d bytes", frame, len(frame))
	}
	for _, part := range [][]byte{c.Key, c.Args} {
		if len(part) > 0 && !borrows(frame, part) {
			t.Fatalf("%x: %q is not of the frame", frame, part)
		}
	}
	body := int(binary.BigEndian.Uint32(frame[8:]))
	switch {
	case !c.Binary || c.Opcode != frame[1] || c.Opaque != binary.BigEndian.Uint32(frame[12:]):
		t.Fatalf("%x: %+v", frame, c.Answer)
	case e == OK && (len(frame)+c.Bytes != headerLen+body || c.Swallow != 0 || c.Bytes != 0 && c.Kind != Block && c.Kind != Auth):
		t.Fatalf("%x: %+v", frame, c)
	case e == ErrUnknown && (len(frame)+c.Swallow != headerLen+body || e.Closes()):
		t.Fatalf("%x: swallows %d", frame, c.Swallow)
	case e != OK && e != ErrUnknown && (!e.Closes() || c.Swallow != 0):
		t.Fatalf("%x: %d does not close", frame, e)
	}
}

// checkAnswers writes every answer that there can be.
func checkAnswers(t *testing.T, c *Command) {
	t.Helper()
	var answers []byte
	if c.Kind == Call || c.Kind == Block {
		for status := range shardv1.Status_name {
			answers = c.Append(answers, &c.Envelope, &wire.Reply{Status: shardv1.Status(status), Value: []byte("value"), Message: "why"})
		}
	} else {
		answers = c.AppendLocal(answers, "1.6.45")
		answers = c.AppendLines(answers, []byte("STAT a b c\r\nEND\r\nERROR\r\nSERVER_ERROR x\r\nOK\r\nPREFIX a get 1\r\nEND\r\n"))
	}
	for len(answers) > 0 {
		h := header(answers)
		end := headerLen + h.bodyLen()
		if h[0] != magicAnswer || h[1] != c.Opcode || h.opaque() != c.Opaque || h.keyLen()+h.extrasLen() > h.bodyLen() || end > len(answers) {
			t.Fatalf("answer %x", answers)
		}
		answers = answers[end:]
	}
}
