package protocol

import "github.com/memactor/memactor/protos/wire"

// Answer is how the result of a command is written: what of the command its reply still needs. It is kept, by the
// thousand, until the reply is there.
type Answer struct {
	Verb    Verb
	NoReply bool  // nothing is written, not even an error line
	Quiet   bool  // the result that is to be expected is not written (q, and the quiet opcodes)
	Base64  bool  // the key was given, and is written, in base64 (b)
	Binary  bool  // it is a frame of the binary protocol
	Err     Error // this is written, whatever the result; OK: the result

	Opcode uint8  // of the binary protocol: the request's
	Opaque uint32 // of the binary protocol: the request's, which the client gets back

	Request []byte // the flags of a meta command, which say what is written, and in which order
}

// Append appends the answer to a command that made a call and got r. For a command of kind Keys that is the answer for
// one key.
func (a *Answer) Append(dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case a.NoReply:
		return dst
	case a.Binary:
		return a.appendFrame(dst, call, r)
	case a.Err != OK:
		return AppendError(dst, a.Err)
	}
	return verbs[a.Verb].render(a, dst, call, r)
}

// AppendLocal appends the answer to a command that asked nobody. version is memcached's, as clients are told.
func (a *Answer) AppendLocal(dst []byte, version string) []byte {
	switch {
	case a.NoReply:
		return dst
	case a.Binary:
		return a.appendLocalFrame(dst, version)
	case a.Err != OK:
		return AppendError(dst, a.Err)
	}
	return a.appendAdmin(dst, version)
}
