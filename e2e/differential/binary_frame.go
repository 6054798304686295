package differential

import (
	"encoding/binary"
	"fmt"

	"github.com/memactor/memactor/e2e/harness"
)

const (
	magicRequest = 0x80
	magicAnswer  = 0x81
	headerLen    = 24
)

// Frame is a request of the binary protocol. The lengths in its header are right, unless Lie changes them.
type Frame struct {
	Opcode             byte
	Extras, Key, Value string
	// Cas is the unique of the header: none (""), one that no entry has ("other"), or the one that the server last
	// told for that key.
	Cas string
	// Lie is added to the length of the body.
	Lie int
	// Magic is another first byte; 0: the right one.
	Magic byte
}

const otherCas = "other"

// Ends reports whether the server closes the connection behind its answer, if any.
func (f Frame) Ends() bool {
	return f.Opcode == opQuit || f.Opcode == opQuitQ || f.Lie != 0 || f.Magic != 0 || len(f.Key) > 250 || !f.fits()
}

// fits reports whether the extras, the key and the value are of lengths that the opcode may have. An opcode that is
// none may have any.
func (f Frame) fits() bool {
	extras, key, value := len(f.Extras), f.Key != "", f.Value != ""
	switch f.Opcode {
	case 0x00, 0x09, 0x0c, 0x0d, 0x04, 0x14:
		return extras == 0 && key && !value
	case 0x01, 0x02, 0x03, 0x11, 0x12, 0x13:
		return extras == 8 && key
	case 0x0e, 0x0f, 0x19, 0x1a, 0x21, 0x22:
		return extras == 0 && key
	case 0x05, 0x06, 0x15, 0x16:
		return extras == 20 && key && !value
	case 0x1c, 0x1d, 0x1e, 0x23, 0x24:
		return extras == 4 && key
	case 0x08, 0x18:
		return (extras == 0 || extras == 4) && !key && !value
	case 0x07, 0x17, 0x0a, 0x0b, 0x20:
		return extras == 0 && !key && !value
	case 0x10:
		return extras == 0
	}
	return true
}

// encode makes bytes of the frame.
func (f Frame) encode(opaque uint32, cas uint64) string {
	magic := f.Magic
	if magic == 0 {
		magic = magicRequest
	}
	raw := []byte{magic, f.Opcode}
	raw = binary.BigEndian.AppendUint16(raw, uint16(len(f.Key)))
	raw = append(raw, byte(len(f.Extras)), 0, 0, 0)
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(f.Extras)+len(f.Key)+len(f.Value)+f.Lie))
	raw = binary.BigEndian.AppendUint32(raw, opaque)
	raw = binary.BigEndian.AppendUint64(raw, cas)
	return string(raw) + f.Extras + f.Key + f.Value
}

// answer is an answer of the binary protocol.
type answer struct {
	opcode byte
	extras int
	keyLen int
	status uint16
	opaque uint32
	cas    uint64
	body   string
}

// readAnswer reads one answer.
func readAnswer(conn *harness.Conn) (answer, error) {
	text, err := conn.ReadFull(headerLen)
	if err != nil {
		return answer{}, err
	}
	h := []byte(text)
	if h[0] != magicAnswer {
		return answer{}, fmt.Errorf("differential: no answer: %x", h)
	}
	a := answer{
		opcode: h[1], keyLen: int(binary.BigEndian.Uint16(h[2:])), extras: int(h[4]), status: binary.BigEndian.Uint16(h[6:]),
		opaque: binary.BigEndian.Uint32(h[12:]), cas: binary.BigEndian.Uint64(h[16:]),
	}
	a.body, err = conn.ReadFull(int(binary.BigEndian.Uint32(h[8:])))
	return a, err
}
