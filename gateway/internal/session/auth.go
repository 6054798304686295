package session

import "github.com/memactor/memactor/gateway/internal/protocol"

// Check says whether user has that password. It must not keep the slices.
type Check func(user, password []byte) bool

// Guard has the session serve nobody whom check does not know: until then each command
// but one is refused. Call it before the first Advance.
func (s *Session) Guard(check Check) { s.users, s.check = check, check }

// authenticate takes one command of a client that has not said who it is, of the text protocol.
func (s *Session) authenticate(in []byte, r *Round) (int, bool) {
	line, n, ok := protocol.Line(in)
	if !ok {
		s.closing = protocol.AuthTooLong(in)
		return 0, false
	}
	if protocol.AuthTooShort(n) {
		s.closing = true
		return n, false
	}
	size, err := protocol.ParseAuth(line)
	if err != protocol.OK {
		r.answer(protocol.Answer{Err: err})
		return n, true
	}
	end := n + size
	if len(in) < end {
		s.input, s.need = WaitingForData, end
		return 0, false
	}
	s.input, s.need = WaitingForCommand, 0
	r.answer(s.identify(in[n:end]))
	return end, true
}

// identify lets the client in if the block names it rightly.
func (s *Session) identify(block []byte) protocol.Answer {
	user, password, err := protocol.ParseToken(block)
	switch {
	case err != protocol.OK:
	case !s.check(user, password):
		err = protocol.ErrAuthFailure
	default:
		s.check = nil
	}
	return protocol.Answer{Verb: protocol.VerbSet, Err: err}
}
