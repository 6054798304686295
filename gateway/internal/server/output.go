package server

import "github.com/memactor/memactor/gateway/internal/protocol"

// output is the answer of a handler on its way to the client: an io.Writer that holds no more than writeChunk and what is
// written at once, and waits for the client beyond that. A client that takes nothing for Timeouts.Write is cut off.
// After the first error it takes nothing more, and says so.
type output struct {
	conn   *conn
	buf    []byte
	answer protocol.Answer // how the client wants it
	err    error
	ended  bool // the handler has ended the connection
}

// Write takes p, which is copied. It is whole lines of the text protocol, whatever the client speaks.
func (o *output) Write(p []byte) (int, error) {
	if o.answer.NoReply || o.err != nil {
		return len(p), o.err
	}
	if o.answer.Binary {
		o.buf = o.answer.AppendLines(o.buf, p)
	} else {
		o.buf = append(o.buf, p...)
	}
	if len(o.buf) < writeChunk {
		return len(p), nil
	}
	return len(p), o.Flush()
}

// Flush sends what has been written, for a handler that goes on after a pause. A handler's last words need none.
func (o *output) Flush() error {
	if o.err == nil && len(o.buf) > 0 {
		o.err = o.conn.write(o.buf)
	}
	o.buf = o.buf[:0]
	return o.err
}

// refuse answers with an error line.
func (o *output) refuse(e protocol.Error) { _, _ = o.Write(protocol.AppendError(nil, e)) }
