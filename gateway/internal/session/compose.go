package session

import "github.com/memactor/memactor/gateway/internal/protocol"

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

// compose appends one answer.
func (s *Session) compose(dst []byte, sl *slot) []byte {
	switch {
	case sl.end:
		return s.composeEnd(dst)
	case sl.call == 0:
		return sl.answer.AppendLocal(dst, s.version)
	}
	res := s.round.result(sl.call)
	if sl.many && protocol.Failed(&res.Reply) {
		s.failed = protocol.AppendFailure(s.failed[:0], &res.Reply)
		return dst
	}
	return sl.answer.Append(dst, &s.round.calls[sl.call-1], &res.Reply)
}

// composeEnd ends the answers for many keys. A key that could not be read is not a
// miss: an error line then stands in the place of the end.
func (s *Session) composeEnd(dst []byte) []byte {
	if len(s.failed) == 0 {
		return protocol.AppendEnd(dst)
	}
	dst = append(dst, s.failed...)
	s.failed = nil
	return dst
}

// learn follows the sizes of the values: up at once, down slowly, so that the next
// window is small enough when the values are large.
func (s *Session) learn(r *Round) {
	const slowly = 64
	sum := 0
	for i := range r.results {
		size := r.results[i].size
		s.estimate = max(size, s.estimate-(s.estimate+slowly-1)/slowly, 0)
		sum += size
	}
	if sum > 0 {
		s.typical = sum / max(r.reads, 1)
	}
}
