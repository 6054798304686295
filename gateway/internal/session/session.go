// Package session is a client connection's state machine, without the connection:
// bytes and replies go in, envelopes and bytes come out. It owns no socket, no
// clock and no goroutine.
//
// It works in rounds. Advance reads commands from the connection's buffer until a
// window of them is in flight, and lists their calls. The owner delivers the
// calls, in order, hands in each reply as it comes (in any order), and when all
// are there, Compose writes the answers in the order of the commands. Then the
// next round begins. The commands of a round borrow the buffer: it must not change
// from Advance to Compose. (Why rounds: docs/adr/0003-rounds.md.)
//
// The states are MemAkka's:
//
//	state                   input is               leaves it when
//	WaitingForCommand       a line, or part of one  a line is there (or a frame, of the binary protocol):
//	                                                a command without data becomes a call or an answer
//	WaitingForData          a data block            the block is there (or is to be swallowed)
//	WaitingForResponse      held                    the oldest unanswered command is answered
//	WaitingForGetResponse   held                    all keys of the oldest get are answered
package session

import (
	"github.com/memactor/memactor/gateway/internal/protocol"
	"github.com/memactor/memactor/protos/wire"
)

// Limits are what one connection may use.
type Limits struct {
	// MaxItem is the largest item in bytes, memcached's header and the key
	// counted as memcached counts them (-I).
	MaxItem int
	// Commands is how many commands are executed before the answers are written and
	// others get their turn (-R).
	Commands int
	// Window is how many calls are in flight at most.
	Window int
	// WindowBytes is how many bytes of values are in flight at most, both ways.
	// Replies are estimated by the sizes of earlier ones; one call is always let in.
	WindowBytes int
	// HoldBytes is how many bytes of values are in flight at most if all of them turn
	// out to be as large as MaxItem allows.
	HoldBytes int
	// MaxLine is how many bytes of a get line are held before its keys are asked
	// for without waiting for the line's end. Up to there a line with a fault
	// is refused whole, as in memcached.
	MaxLine int
}

// DefaultLimits are the gateway's.
func DefaultLimits() Limits {
	return Limits{MaxItem: 1 << 20, Commands: 1024, Window: 1024, WindowBytes: 4 << 20, HoldBytes: 128 << 20, MaxLine: 1 << 20}
}

// State is what the session waits for.
type State uint8

// The states; the package comment tells what leaves them.
const (
	WaitingForCommand State = iota
	WaitingForData
	WaitingForResponse
	WaitingForGetResponse
)

func (s State) String() string {
	return [...]string{"WaitingForCommand", "WaitingForData", "WaitingForResponse", "WaitingForGetResponse"}[s]
}

// Session is one connection's state. It is not safe for concurrent use, but for
// Reply: see there.
type Session struct {
	limits   Limits
	version  string
	speaks   Protocol
	framing  framing // nil: nothing has come yet
	users    Check   // nil: nobody has to say who it is
	check    Check   // nil: the client has said who it is, or need not
	asked    bool    // SASL: the client's token is to follow
	input    State   // WaitingForCommand or WaitingForData
	need     int     // WaitingForData: bytes from the command's first to its data's last
	scanned  int     // bytes known to hold no line end
	swallow  int     // bytes of a refused data block still to come
	get      get
	failed   []byte // why a key of the present get could not be read
	typical  int    // bytes that a value had in the last round with values
	estimate int    // bytes that a value is likely to have
	closing  bool
	quits    bool // and the client wants it so
	barrier  bool // the round is one
	round    *Round
}

// New starts a session whose client is told version.
func New(limits Limits, version string, speaks Protocol) *Session {
	return &Session{limits: limits, version: version, speaks: speaks, estimate: limits.WindowBytes / firstWindow}
}

// firstWindow is how many values of unknown size are asked for at once.
const firstWindow = 64

// State tells what the session waits for.
func (s *Session) State() State {
	if s.round != nil {
		if state, waits := s.round.oldest(); waits {
			return state
		}
	}
	return s.input
}

// Closing says that the connection is to be closed once the round is answered.
func (s *Session) Closing() bool { return s.closing }

// Refused says that it is to be closed for what the client has sent.
func (s *Session) Refused() bool { return s.closing && !s.quits }

// Need is how many bytes the buffer must hold for Advance to get on with the data
// block that it waits for; 0 if it waits for none.
func (s *Session) Need() int { return s.need }

// Partial says that part of a command has been read.
func (s *Session) Partial(unread int) bool { return unread > 0 || s.swallow > 0 || s.get.open }

// Barrier is the command of the round if it is one that goes to the whole cluster:
// the owner executes it and writes its answer, if that is wanted (NoReply), before it
// calls Compose; nil otherwise. Such a command waits for what is ahead of it and
// holds what is behind. It borrows the buffer.
func (s *Session) Barrier() *protocol.Command {
	if !s.barrier {
		return nil
	}
	return &s.round.command
}

// Advance reads commands from in, which begins where the last Advance stopped, into
// r, and returns how many bytes it has taken. It stops at the end of in, when the
// window is full, and around a barrier. With an answered round it may be called
// again for what is left of in; if then neither bytes are taken nor answers made,
// it needs more input.
func (s *Session) Advance(in []byte, r *Round) int {
	s.round = r
	s.barrier = false
	if s.framing == nil && len(in) > 0 {
		s.framing = s.speaks.framing(in[0])
	}
	taken := 0
	for !s.closing && !r.full(&s.limits) && !s.barrier {
		n, more := s.step(in[taken:], r)
		taken += n
		if !more {
			break
		}
	}
	return taken
}

// step takes one thing from in: the rest of a refused block, keys of a get, or a
// command. more is false when that was all that can be done in this round.
func (s *Session) step(in []byte, r *Round) (n int, more bool) {
	switch {
	case s.swallow > 0:
		n = min(s.swallow, len(in))
		s.swallow -= n
		return n, s.swallow == 0
	case s.get.active:
		return s.continueGet(in, r)
	case len(in) < s.need || len(in) == 0:
		return 0, false
	case s.check != nil && !s.framing.hasSASL():
		return s.authenticate(in, r)
	}
	if frame, n, ok := s.framing.find(in, min(s.scanned, len(in))); ok {
		s.scanned = 0
		return s.execute(frame, n, in, r)
	}
	s.scanned = len(in)
	return s.partial(in, r)
}

// partial waits for the rest of a command, within the limits.
func (s *Session) partial(in []byte, r *Round) (int, bool) {
	if s.framing.hopeless(in) {
		s.closing = true
		return len(in), false
	}
	if len(in) < s.limits.MaxLine {
		return 0, false
	}
	return s.openGet(in, r)
}

// execute parses one whole command, n bytes of in, and does what it needs; its data
// block is not yet looked at, and follows in in.
func (s *Session) execute(frame []byte, n int, in []byte, r *Round) (int, bool) {
	cmd := &r.command
	r.commands++
	err := s.framing.parse(frame, cmd)
	if s.check != nil {
		err = cmd.Unauthenticated(err)
	}
	if err != protocol.OK {
		return s.refuse(err, n, r)
	}
	switch cmd.Kind {
	case protocol.Local:
		r.answer(cmd.Answer)
	case protocol.Call:
		r.call(s.estimate)
	case protocol.Keys:
		return s.beginGet(frame, n, in, r)
	case protocol.Block:
		return s.store(n, in, r)
	case protocol.Barrier:
		return s.beginBarrier(n, r)
	case protocol.Auth:
		return s.sasl(n, in, r)
	case protocol.Close:
		s.closing, s.quits = true, true
		r.answer(cmd.Answer)
	}
	return n, true
}

// refuse answers a command with a fault, and drops its data block.
func (s *Session) refuse(err protocol.Error, n int, r *Round) (int, bool) {
	s.closing = err.Closes()
	s.swallow = r.command.Swallow
	r.answer(r.command.Refuse(err))
	return n, true
}

// beginBarrier makes the command a round of its own. What it answers is not the
// session's: its slot stays empty.
func (s *Session) beginBarrier(n int, r *Round) (int, bool) {
	if len(r.slots) > 0 {
		return 0, false
	}
	s.barrier = true
	r.answer(protocol.Answer{NoReply: true})
	return n, true
}

// store executes a command with a data block once that is there.
func (s *Session) store(n int, in []byte, r *Round) (int, bool) {
	cmd := &r.command
	size := cmd.BlockSize()
	if cmd.ItemSize() > s.limits.MaxItem {
		s.swallow = size
		cmd.TooLarge()
		r.call(s.estimate)
		return n, true
	}
	end := n + size
	if len(in) < end {
		s.input, s.need = WaitingForData, end
		return 0, false
	}
	s.input, s.need = WaitingForCommand, 0
	value, ok := cmd.BlockValue(in[n:end])
	if !ok {
		r.answer(cmd.Refuse(protocol.ErrBadChunk))
		return end, true
	}
	cmd.Value = value
	r.call(s.estimate)
	return end, true
}

// Expected is how many bytes of values the round will get, if they are like those of the
// last round that got some; 0 for the first.
func (s *Session) Expected() int { return s.round.reads * s.typical }

// Calls are the envelopes of the round, to be delivered in this order; the index is
// the tag of Reply.
func (s *Session) Calls() []wire.Envelope { return s.round.calls }

// Reply takes the reply to call i; r.Value is copied. It may be called for
// different calls at the same time. It tells whether it was the round's last.
func (s *Session) Reply(i int, r *wire.Reply) bool { return s.round.reply(i, r) }
