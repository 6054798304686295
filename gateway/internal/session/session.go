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
//	WaitingForCommand       a line, or part of one  a line is there: a command without data
//	                                                becomes a call or an answer
//	WaitingForData          a data block            the block is there (or is to be swallowed)
//	WaitingForResponse      held                    the oldest unanswered command is answered
//	WaitingForGetResponse   held                    all keys of the oldest get are answered
package session

import (
	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Limits are what one connection may use.
type Limits struct {
	// MaxItem is the largest item in bytes, memcached's header and the key
	// counted as memcached counts them (-I).
	MaxItem int
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
	return Limits{MaxItem: 1 << 20, Window: 1024, WindowBytes: 4 << 20, HoldBytes: 128 << 20, MaxLine: 1 << 20}
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

// Barrier is a command that goes to the whole cluster. It is a round of its own: it
// waits for what is ahead of it and holds what is behind.
type Barrier struct {
	Verb    protocol.Verb // VerbFlushAll or VerbStats; VerbNone: no barrier
	Exptime int64         // flush_all
	Group   []byte        // stats; borrows the buffer
}

// Session is one connection's state. It is not safe for concurrent use, but for
// Reply: see there.
type Session struct {
	limits   Limits
	version  string
	input    State // WaitingForCommand or WaitingForData
	need     int   // WaitingForData: bytes from the command's first to its data's last
	scanned  int   // bytes known to hold no line end
	swallow  int   // bytes of a refused data block still to come
	get      get
	failed   []byte // why a key of the present get could not be read
	estimate int    // bytes that a value is likely to have
	closing  bool
	barrier  Barrier
	round    *Round
}

// New starts a session whose client is told version.
func New(limits Limits, version string) *Session {
	return &Session{limits: limits, version: version, estimate: limits.WindowBytes / firstWindow}
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

// Need is how many bytes the buffer must hold for Advance to get on with the data
// block that it waits for; 0 if it waits for none.
func (s *Session) Need() int { return s.need }

// Partial says that part of a command has been read.
func (s *Session) Partial(unread int) bool { return unread > 0 || s.swallow > 0 || s.get.open }

// Barrier is the cluster-wide command of the round, if it is one.
func (s *Session) Barrier() Barrier { return s.barrier }

// Advance reads commands from in, which begins where the last Advance stopped, into
// r, and returns how many bytes it has taken. It stops at the end of in, when the
// window is full, and around a barrier. With an answered round it may be called
// again for what is left of in; if then neither bytes are taken nor answers made,
// it needs more input.
func (s *Session) Advance(in []byte, r *Round) int {
	s.round = r
	s.barrier = Barrier{}
	taken := 0
	for !s.closing && !r.full(&s.limits) && s.barrier.Verb == protocol.VerbNone {
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
	case len(in) < s.need:
		return 0, false
	}
	if line, n, ok := s.line(in); ok {
		return s.command(line, n, in, r)
	}
	return s.partialLine(in, r)
}

// line finds the next line without looking twice at bytes that hold no line end.
func (s *Session) line(in []byte) (line []byte, n int, ok bool) {
	skip := min(s.scanned, len(in))
	if _, _, ok = protocol.Line(in[skip:]); !ok {
		s.scanned = len(in)
		return nil, 0, false
	}
	s.scanned = 0
	return protocol.Line(in)
}

// partialLine waits for the line's end, within the limits.
func (s *Session) partialLine(in []byte, r *Round) (int, bool) {
	if protocol.TooLong(in) {
		s.closing = true
		return len(in), false
	}
	if len(in) < s.limits.MaxLine {
		return 0, false
	}
	return s.openGet(in, r)
}

// command executes one whole line of n bytes with its end; in goes on behind it.
func (s *Session) command(line []byte, n int, in []byte, r *Round) (int, bool) {
	var cmd protocol.Command
	err := protocol.Parse(line, &cmd)
	if err.Closes() {
		s.closing = true
		return n, false
	}
	if err != protocol.OK {
		s.swallow = cmd.Swallow
		r.answer(slot{err: err, noReply: cmd.NoReply})
		return n, true
	}
	switch cmd.Verb {
	case protocol.VerbGet, protocol.VerbGets, protocol.VerbGat, protocol.VerbGats:
		return s.beginGet(&cmd, line, n, in, r)
	case protocol.VerbSet, protocol.VerbAdd, protocol.VerbReplace, protocol.VerbAppend, protocol.VerbPrepend, protocol.VerbCas:
		return s.store(&cmd, n, in, r)
	case protocol.VerbFlushAll, protocol.VerbStats:
		return s.beginBarrier(&cmd, n, r)
	case protocol.VerbQuit:
		s.closing = true
		return n, false
	case protocol.VerbDelete, protocol.VerbIncr, protocol.VerbDecr, protocol.VerbTouch:
		r.call(&cmd, opOf(cmd.Verb), nil)
		return n, true
	case protocol.VerbVersion, protocol.VerbVerbosity, protocol.VerbMn, protocol.VerbShutdown, protocol.VerbNone:
		r.answer(slot{verb: cmd.Verb, noReply: cmd.NoReply})
	}
	return n, true
}

// beginBarrier makes the command a round of its own.
func (s *Session) beginBarrier(cmd *protocol.Command, n int, r *Round) (int, bool) {
	if len(r.slots) > 0 {
		return 0, false
	}
	s.barrier = Barrier{Verb: cmd.Verb, Exptime: cmd.Exptime, Group: cmd.Args}
	r.answer(slot{verb: cmd.Verb, noReply: cmd.NoReply})
	return n, true
}

// store executes a storage command once its data block is there.
func (s *Session) store(cmd *protocol.Command, n int, in []byte, r *Round) (int, bool) {
	if itemSize(cmd) > s.limits.MaxItem {
		s.swallow = cmd.Bytes + len("\r\n")
		r.refuseStore(cmd)
		return n, true
	}
	end := n + cmd.Bytes + len("\r\n")
	if len(in) < end {
		s.input, s.need = WaitingForData, end
		return 0, false
	}
	s.input, s.need = WaitingForCommand, 0
	if in[end-2] != '\r' || in[end-1] != '\n' {
		r.answer(slot{err: protocol.ErrBadChunk, noReply: cmd.NoReply})
		return end, true
	}
	r.call(cmd, opOf(cmd.Verb), in[n:end-2])
	return end, true
}

// itemSize is what memcached 1.6 would allocate for the item (do_item_alloc):
// the limit -I is on that.
func itemSize(cmd *protocol.Command) int {
	const header, cas, crlf = 48, 8, 2
	size := header + cas + len(cmd.Key) + 1 + cmd.Bytes + crlf
	if cmd.Flags != 0 {
		size += 4
	}
	return size
}

var ops = [...]shardv1.Op{
	protocol.VerbGet: shardv1.Op_OP_GET, protocol.VerbGets: shardv1.Op_OP_GET,
	protocol.VerbGat: shardv1.Op_OP_GAT, protocol.VerbGats: shardv1.Op_OP_GAT,
	protocol.VerbSet: shardv1.Op_OP_SET, protocol.VerbAdd: shardv1.Op_OP_ADD,
	protocol.VerbReplace: shardv1.Op_OP_REPLACE, protocol.VerbAppend: shardv1.Op_OP_APPEND,
	protocol.VerbPrepend: shardv1.Op_OP_PREPEND, protocol.VerbCas: shardv1.Op_OP_CAS,
	protocol.VerbDelete: shardv1.Op_OP_DELETE, protocol.VerbIncr: shardv1.Op_OP_INCR,
	protocol.VerbDecr: shardv1.Op_OP_DECR, protocol.VerbTouch: shardv1.Op_OP_TOUCH,
}

func opOf(v protocol.Verb) shardv1.Op { return ops[v] }

// Calls are the envelopes of the round, to be delivered in this order; the index is
// the tag of Reply.
func (s *Session) Calls() []wire.Envelope { return s.round.calls }

// Reply takes the reply to call i; r.Value is copied. It may be called for
// different calls at the same time. It tells whether it was the round's last.
func (s *Session) Reply(i int, r *wire.Reply) bool { return s.round.reply(i, r) }

// Compose appends the round's answers to dst, in the order of the commands, until
// dst holds limit bytes or more. more: there are answers left for the next Compose;
// otherwise the round has ended.
func (s *Session) Compose(dst []byte, limit int) (out []byte, more bool) {
	r := s.round
	for ; r.composed < len(r.slots); r.composed++ {
		if len(dst) >= limit {
			return dst, true
		}
		dst = s.compose(dst, &r.slots[r.composed])
	}
	s.learn(r)
	r.Reset()
	s.round = nil
	return dst, false
}

// BarrierReply sets the answer to the round's barrier; the bytes are the session's
// from here on.
func (s *Session) BarrierReply(text []byte) { s.round.slots[0].text = text }

// learn follows the sizes of the values: up at once, down slowly, so that the next
// window is small enough when the values are large.
func (s *Session) learn(r *Round) {
	const slowly = 64
	for i := range r.results {
		size := r.results[i].size
		s.estimate = max(size, s.estimate-(s.estimate+slowly-1)/slowly, 0)
	}
}
