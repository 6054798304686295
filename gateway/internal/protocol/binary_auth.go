package protocol

import "bytes"

// SASL, by which a client of the binary protocol says who it is. The key of a request is the mechanism, of which there
// is one, and its value the token of that (RFC 4616).

const plain = "PLAIN"

// The opcodes that a client may send before it has said who it is, as well as version.
const (
	opcodeMechanisms = 0x20
	opcodeAuth       = 0x21
	opcodeStep       = 0x22
)

func fitsToken(extras, key, _ int) bool { return extras == 0 && key > 0 }

// Unauthenticated is what is wrong with a command of a client that has not said who it is; e is what is wrong with it
// anyway.
func (c *Command) Unauthenticated(e Error) Error {
	op := &opcodes[c.Opcode]
	if e == ErrMagic || e == ErrLengths || op.kind == Auth || op.verb == VerbVersion {
		return e
	}
	return ErrAuthRequired
}

// ListsMechanisms says whether the command, of kind [Auth], only asks how to go about it.
func (c *Command) ListsMechanisms() bool { return c.Opcode == opcodeMechanisms }

// ContinuesAuth says whether the command brings a token that it has been asked for.
func (c *Command) ContinuesAuth() bool { return c.Opcode == opcodeStep }

// TokenFault is what is wrong with the command, of kind [Auth], whatever its token is.
func (c *Command) TokenFault() Error {
	switch {
	case c.Bytes > maxToken:
		return ErrAuthTooLong
	case !c.ListsMechanisms() && string(c.Key) != plain:
		return ErrAuthFailure
	}
	return OK
}

// ParsePlain reads a token of PLAIN: for whom to act, which is nobody else than the user, the user, and the password, a
// NUL between them. user and password borrow token.
func ParsePlain(token []byte) (user, password []byte, ok bool) {
	actFor, rest, ok := bytes.Cut(token, []byte{0})
	if !ok {
		return nil, nil, false
	}
	user, password, ok = bytes.Cut(rest, []byte{0})
	return user, password, ok && len(user) > 0 && (len(actFor) == 0 || bytes.Equal(actFor, user))
}
