package session

import (
	"bytes"

	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// get is a command with many keys of which some are left to be asked for: a line
// may hold more keys than a window, and more bytes than may be held.
type get struct {
	active  bool
	answer  protocol.Answer
	op      shardv1.Op
	exptime int64
	left    int  // bytes of keys at the front of the input
	tail    int  // bytes of the line's end behind them
	open    bool // the line goes on behind those: its end has not been read
}

// beginGet starts the command on a whole line. The keys are the line's last part.
func (s *Session) beginGet(line []byte, n int, in []byte, r *Round) (int, bool) {
	return s.startGet(get{left: len(r.command.Keys), tail: n - len(line)}, line, in, r)
}

// startGet asks for the keys of the command, which are the last part of line.
func (s *Session) startGet(g get, line, in []byte, r *Round) (int, bool) {
	cmd := &r.command
	g.active, g.answer, g.op, g.exptime = true, cmd.Answer, cmd.Op, cmd.Exptime
	s.get = g
	front := len(line) - len(cmd.Keys)
	taken, more := s.continueGet(in[front:], r)
	return front + taken, more
}

// openGet starts a get whose line is longer than what may be held. Its keys are
// asked for as they come.
func (s *Session) openGet(in []byte, r *Round) (int, bool) {
	whole := in[:bytes.LastIndexByte(in, ' ')+1]
	if err := s.framing.parse(whole, &r.command); err != protocol.OK {
		return s.breakOff(err, len(in), r)
	}
	s.scanned = 0
	return s.startGet(get{left: len(r.command.Keys), open: true}, whole, in, r)
}

// continueGet asks for keys until the window is full or the line ends.
func (s *Session) continueGet(in []byte, r *Round) (n int, more bool) {
	g := &s.get
	if g.left == 0 && g.open && !g.extend(in) {
		if len(in) > protocol.MaxKey {
			return s.breakOff(protocol.ErrBadFormat, len(in), r)
		}
		return 0, false
	}
	for !r.full(&s.limits) {
		key, rest := protocol.NextKey(in[n : n+g.left])
		n, g.left = n+g.left-len(rest), len(rest)
		if len(key) > protocol.MaxKey {
			return s.breakOff(protocol.ErrBadFormat, len(in), r)
		}
		if len(key) == 0 {
			return s.endKeys(n, r)
		}
		r.read(g, key, s.estimate)
	}
	return n, false
}

// extend finds more whole keys of an open line; false if there are none yet.
func (g *get) extend(in []byte) bool {
	if line, n, ok := protocol.Line(in); ok {
		g.left, g.tail, g.open = len(line), n-len(line), false
		return true
	}
	g.left = bytes.LastIndexByte(in, ' ') + 1
	return g.left > 0
}

// endKeys ends the get, or waits for more of its line.
func (s *Session) endKeys(n int, r *Round) (int, bool) {
	if s.get.open {
		return n, true
	}
	n += s.get.tail
	r.slots = append(r.slots, slot{end: true})
	s.get = get{}
	return n, true
}

// breakOff gives up a line whose end is not known, and with it the connection.
func (s *Session) breakOff(err protocol.Error, n int, r *Round) (int, bool) {
	s.get = get{}
	s.closing = true
	r.answer(protocol.Answer{Err: err})
	return n, false
}
