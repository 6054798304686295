package protocol

import "github.com/memactor/memactor/protos/wire"

// Answer is how the result of a command is written: what of the command its reply still needs. It is kept, by the
// thousand, until the reply is there.
type Answer struct {
	Verb    Verb
	NoReply bool  // nothing is written, not even an error line
	Err     Error // this is written, whatever the result; OK: the result

	Binary bool   // it is a frame of the binary protocol
	Quiet  bool   // of that: neither a success nor, of a read, a miss is answered
	Opcode uint8  // the request's
	Opaque uint32 // the request's, which the client gets back
}

// Append appends the answer to a command that asked the actor of key and got r. For a command of kind Keys that is the
// answer for one key.
func (a *Answer) Append(dst, key []byte, r *wire.Reply) []byte {
	switch {
	case a.NoReply:
		return dst
	case a.Binary:
		return a.appendFrame(dst, key, r)
	case a.Err != OK:
		return AppendError(dst, a.Err)
	}
	return verbs[a.Verb].render(a, dst, key, r)
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
