package session

import "github.com/memactor/memactor/gateway/internal/protocol"

// framing is how commands stand in the input. This is the one place that knows: a connection that speaks another way
// (its first byte tells), or that may not yet say everything, has another framing.
type framing interface {
	// find finds the first command in in: what parse reads, and n, the bytes that it takes, a data block not counted.
	// ok is false while it is not all there; scanned bytes have then been looked at and found to hold no end of it.
	find(in []byte, scanned int) (frame []byte, n int, ok bool)
	// parse reads a command.
	parse(frame []byte, cmd *protocol.Command) protocol.Error
	// hasSASL says whether a client says who it is by commands among the others.
	hasSASL() bool
	// hopeless says of in, which holds no whole command, that it is not to be waited for: the connection is closed.
	hopeless(in []byte) bool
}

// Protocol is what a session's client may speak (-B).
type Protocol uint8

// The protocols.
const (
	Auto   Protocol = iota // the first byte of a connection says which
	ASCII                  // text alone
	Binary                 // binary alone
)

func (p Protocol) String() string { return [...]string{"auto", "ascii", "binary"}[p] }

// framing is that of a connection that begins with the byte first.
func (p Protocol) framing(first byte) framing {
	if p == Binary || p == Auto && first == protocol.Magic {
		return binaryFrames{}
	}
	return textLines{}
}

// textLines is memcached's text protocol.
type textLines struct{}

func (textLines) find(in []byte, scanned int) (line []byte, n int, ok bool) {
	if _, _, ok = protocol.Line(in[scanned:]); !ok {
		return nil, 0, false
	}
	return protocol.Line(in)
}

func (textLines) parse(line []byte, cmd *protocol.Command) protocol.Error {
	return protocol.Parse(line, cmd)
}

func (textLines) hasSASL() bool { return false }

func (textLines) hopeless(in []byte) bool { return protocol.TooLong(in) }

// binaryFrames is memcached's binary protocol. A frame says of itself how long it is, and is never hopeless: with a
// fault in its header it is refused at once.
type binaryFrames struct{}

func (binaryFrames) find(in []byte, _ int) (frame []byte, n int, ok bool) {
	frame, ok = protocol.Frame(in)
	return frame, len(frame), ok
}

func (binaryFrames) parse(frame []byte, cmd *protocol.Command) protocol.Error {
	return protocol.ParseBinary(frame, cmd)
}

func (binaryFrames) hasSASL() bool { return true }

func (binaryFrames) hopeless([]byte) bool { return false }
