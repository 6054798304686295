package session

import "github.com/memactor/memactor/gateway/internal/protocol"

// sasl executes a command by which a client of the binary protocol says who it is, once its data block is there.
// Where nobody has to, there are no such commands.
func (s *Session) sasl(n int, in []byte, r *Round) (int, bool) {
	cmd := &r.command
	err := cmd.TokenFault()
	if s.users == nil {
		err = protocol.ErrUnknown
	}
	if err != protocol.OK {
		cmd.Swallow = cmd.BlockSize()
		return s.refuse(err, n, r)
	}
	end := n + cmd.BlockSize()
	if len(in) < end {
		s.input, s.need = WaitingForData, end
		return 0, false
	}
	s.input, s.need = WaitingForCommand, 0
	r.answer(cmd.Refuse(s.exchange(cmd, in[n:end])))
	return end, true
}

// exchange is one step of SASL. A client that tries again is nobody until it succeeds.
func (s *Session) exchange(cmd *protocol.Command, token []byte) protocol.Error {
	if cmd.ListsMechanisms() {
		return protocol.OK
	}
	step := s.asked
	s.check, s.asked = s.users, false
	switch {
	case cmd.ContinuesAuth() && !step:
		return protocol.ErrAuthFailure
	case !cmd.ContinuesAuth() && len(token) == 0:
		s.asked = true
		return protocol.ErrAuthContinue
	}
	user, password, ok := protocol.ParsePlain(token)
	if !ok || !s.users(user, password) {
		return protocol.ErrAuthFailure
	}
	s.check = nil
	return protocol.OK
}
