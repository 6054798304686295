package differential

import (
	"fmt"
	"strings"

	"github.com/memactor/memactor/e2e/harness"
)

// BinaryScript is a Script of the binary protocol.
type BinaryScript []BinaryStep

// BinaryStep is a Step of the binary protocol. Behind it a noop is sent, unless its last frame ends the connection.
type BinaryStep struct {
	Conn   int
	Frames []Frame
	Cuts   uint64
}

// GoString prints a script as a list of frames that can be read.
func (s BinaryScript) GoString() string {
	var text strings.Builder
	for _, step := range s {
		fmt.Fprintf(&text, "\n  connection %d, cuts %d:", step.Conn, step.Cuts)
		for _, f := range step.Frames {
			fmt.Fprintf(&text, "\n    %#02x extras %x key %s value %s cas %q", f.Opcode, f.Extras,
				harness.Shorten(strings.ReplaceAll(f.Key, longKey, "{250 k}")), harness.Shorten(f.Value), f.Cas)
			if f.Lie != 0 || f.Magic != 0 {
				fmt.Fprintf(&text, " lie %d magic %#x", f.Lie, f.Magic)
			}
		}
	}
	return text.String()
}

// Frames is how many requests a script has.
func (s BinaryScript) Frames() (n int) {
	for _, step := range s {
		n += len(step.Frames)
	}
	return n
}

// ends reports whether the step's last frame ends the connection.
func (s BinaryStep) ends() bool {
	return len(s.Frames) > 0 && s.Frames[len(s.Frames)-1].Ends()
}

// settleBinary does what settle does, and ends a step behind a frame that ends the connection.
func settleBinary(script BinaryScript) BinaryScript {
	var settled BinaryScript
	for _, step := range script {
		retrieved, begin := false, 0
		cut := func(i int) {
			if i > begin {
				settled = append(settled, BinaryStep{Conn: step.Conn, Frames: step.Frames[begin:i], Cuts: step.Cuts})
			}
			retrieved, begin = false, i
		}
		for i, f := range step.Frames {
			if f.Magic != 0 || retrieved && counts(f.Opcode) {
				cut(i) // memcached drops the answers ahead of a wrong magic
			}
			retrieved = retrieved || retrieves(f.Opcode)
			if f.Ends() {
				cut(i + 1)
			}
		}
		cut(len(step.Frames))
	}
	return settled
}

func counts(opcode byte) bool {
	return opcode == 0x05 || opcode == 0x06 || opcode == 0x15 || opcode == 0x16
}

func retrieves(opcode byte) bool {
	switch opcode {
	case 0x00, 0x09, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x23, 0x24:
		return true
	}
	return false
}
