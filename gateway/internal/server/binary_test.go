package server

import (
	"testing"

	"github.com/memactor/memactor/gateway/internal/protocol/frametext"
	"github.com/memactor/memactor/gateway/internal/session"
)

// frames is bytes of frames as text, see frametext.
func frames(t *testing.T, text string) string {
	t.Helper()
	raw, err := frametext.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const (
	noopFrame  = "80 0a 0000 00 00 0000 00000000 00000007 0000000000000000"
	noopAnswer = "81 0a 0000 00 00 0000 00000000 00000007 0000000000000000"
)

// One port serves both protocols: the first byte of a connection tells.
func TestBinaryBesideText(t *testing.T) {
	_, a, address := start(t)
	text, bin := dial(t, address), dial(t, address)
	bin.send(frames(t, `80 01 0001 08 00 0000 0000000e 00000001 0000000000000000 00000000 00000000 "a" "hello"`))
	bin.expect(frames(t, `81 01 0000 00 00 0000 00000000 00000001 0000000000000000`))
	text.send("get a\r\n")
	text.expect("VALUE a 0 5\r\nhello\r\nEND\r\n")
	bin.send(frames(t, `80 09 0001 00 00 0000 00000001 00000002 0000000000000000 "a"
		80 09 0001 00 00 0000 00000001 00000003 0000000000000000 "b" `+noopFrame))
	bin.expect(frames(t, `81 09 0000 04 00 0000 00000009 00000002 0000000000000000 00000000 "hello" `+noopAnswer))
	bin.send(frames(t, `80 18 0000 00 00 0000 00000000 00000004 0000000000000000
		80 08 0000 04 00 0000 00000004 00000005 0000000000000000 00000000 `))
	bin.expect(frames(t, `81 08 0000 00 00 0000 00000000 00000005 0000000000000000`))
	if a.flushed != 2 {
		t.Errorf("flushed %d times", a.flushed)
	}
}

func TestBinaryStat(t *testing.T) {
	_, _, address := start(t)
	bin := dial(t, address)
	bin.send(frames(t, `80 10 0005 00 00 0000 00000005 00000001 0000000000000000 "items"`))
	bin.expect(frames(t, `81 10 000a 00 00 0000 0000000b 00000001 0000000000000000 "curr_items" "4"
		81 10 0000 00 00 0000 00000000 00000001 0000000000000000`))
	bin.send(frames(t, `80 10 0005 00 00 0000 00000005 00000001 0000000000000000 "bogus"`))
	bin.expect(frames(t, `81 10 0000 00 00 0001 00000009 00000001 0000000000000000 "Not found"`))
	bin.send(frames(t, `80 10 0005 00 00 0000 00000005 00000001 0000000000000000 "reset"`))
	bin.expect(frames(t, `81 10 0000 00 00 0000 00000000 00000001 0000000000000000`))
}

// With -B there is no choice.
func TestOneProtocolAlone(t *testing.T) {
	_, _, ascii := start(t, func(o *Options) { o.Protocol = session.ASCII })
	p := dial(t, ascii)
	p.send(frames(t, "80 0b 0000 00 00 0000 00000000 00000007 0000000000000000") + "\r\nmn\r\n")
	p.expect("ERROR\r\nMN\r\n")
	_, _, only := start(t, func(o *Options) { o.Protocol = session.Binary })
	p = dial(t, only)
	p.send(frames(t, noopFrame))
	p.expect(frames(t, noopAnswer))
	p = dial(t, only)
	p.send("mn\r\nmn\r\nmn\r\nmn\r\nmn\r\nmn\r\nmn\r\n")
	p.expectClosed()
}
