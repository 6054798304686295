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
	// hopeless says of in, which holds no whole command, that it is not to be waited for: the connection is closed.
	hopeless(in []byte) bool
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

func (textLines) hopeless(in []byte) bool { return protocol.TooLong(in) }
