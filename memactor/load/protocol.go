package load

import (
	"errors"
	"fmt"
)

// ErrProtocol is a name that [ParseProtocol] does not know.
var ErrProtocol = errors.New("unknown protocol")

// Protocol is how the commands of a run are spelled.
type Protocol uint8

const (
	// Text is get and set.
	Text Protocol = iota
	// Meta is mg and ms.
	Meta
)

// ParseProtocol reads "text" or "meta".
func ParseProtocol(name string) (Protocol, error) {
	for p := Text; p <= Meta; p++ {
		if p.String() == name {
			return p, nil
		}
	}
	return Text, fmt.Errorf("%w %q: want text or meta", ErrProtocol, name)
}

// String is the form that ParseProtocol reads.
func (p Protocol) String() string {
	switch p {
	case Text:
		return "text"
	case Meta:
		return "meta"
	}
	return fmt.Sprintf("Protocol(%d)", uint8(p))
}

// words of the protocol; [Config.Validate] has seen that there are any.
func (p Protocol) words() words {
	if p == Meta {
		return metaWords{}
	}
	return textWords{}
}

// words is all that a lane does not know of a protocol: how a command is written, and what a reply line says.
type words interface {
	appendSet(dst []byte, data *dataset, key uint32) []byte
	appendGet(dst []byte, data *dataset, keys []uint32) []byte
	// header reads the first line of a reply, without its end. A replyValue comes with the key that it names, which
	// aliases line (nil if it names none), and with the size of the data block behind the line.
	header(line []byte) (kind replyKind, key []byte, block int)
	// answers tells whether such a reply can be one to this command, and whether it is the command's last.
	answers(w *waiting, kind replyKind) (fits, last bool)
}
