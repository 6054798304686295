package protocol

import (
	"encoding/binary"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// status is how an answer of the binary protocol says what has come of the request.
type status uint16

const (
	statusOK         status = 0x00
	statusNotFound   status = 0x01
	statusExists     status = 0x02
	statusTooLarge   status = 0x03
	statusArguments  status = 0x04
	statusNotStored  status = 0x05
	statusNonNumeric status = 0x06
	statusAuth       status = 0x20
	statusContinue   status = 0x21
	statusUnknown    status = 0x81
	statusNoMemory   status = 0x82
	statusInternal   status = 0x84
	statusBusy       status = 0x85
	statusTemporary  status = 0x86
)

// statusTexts are memcached's words for a status, which are the body of the answer.
//
//nolint:gochecknoglobals // a table that is never written to
var statusTexts = map[status]string{
	statusNotFound:   "Not found",
	statusExists:     "Data exists for key.",
	statusTooLarge:   "Too large.",
	statusArguments:  "Invalid arguments",
	statusNotStored:  "Not stored.",
	statusNonNumeric: "Non-numeric server-side value for incr or decr",
	statusAuth:       "Auth failure.",
	statusUnknown:    "Unknown command",
	statusNoMemory:   "Out of memory allocating item",
}

// faults says how an [Error] is answered.
//
//nolint:gochecknoglobals // a table that is never written to
var faults = map[Error]status{
	ErrUnknown: statusUnknown, ErrLengths: statusUnknown, ErrArguments: statusArguments,
	ErrTooLarge: statusTooLarge, ErrNonNumeric: statusNonNumeric, ErrNoMemory: statusNoMemory,
	ErrAuthRequired: statusAuth, ErrAuthFailure: statusAuth, ErrAuthTooLong: statusTooLarge, ErrAuthContinue: statusContinue,
}

// appendFrame is [Answer.Append] of the binary protocol.
func (a *Answer) appendFrame(dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	if a.Err != OK {
		return a.appendFault(dst, a.Err)
	}
	return opcodes[a.Opcode].render(a, dst, call, r)
}

// appendLocalFrame is [Answer.AppendLocal] of the binary protocol.
func (a *Answer) appendLocalFrame(dst []byte, version string) []byte {
	switch {
	case a.Err != OK:
		return a.appendFault(dst, a.Err)
	case a.Quiet:
		return dst
	case a.Verb == VerbVersion:
		return a.appendText(dst, statusOK, version)
	}
	return a.appendText(dst, statusOK, opcodes[a.Opcode].says)
}

// appendHeader appends the header of an answer. extras, key and value are the lengths of what is appended behind it.
func (a *Answer) appendHeader(dst []byte, s status, extras, key, value int, cas uint64) []byte {
	dst = append(dst, magicAnswer, a.Opcode)
	dst = binary.BigEndian.AppendUint16(dst, uint16(key))
	dst = append(dst, byte(extras), 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(s))
	dst = binary.BigEndian.AppendUint32(dst, uint32(extras+key+value))
	dst = binary.BigEndian.AppendUint32(dst, a.Opaque)
	return binary.BigEndian.AppendUint64(dst, cas)
}

// appendStatus is an answer in memcached's words: a refusal.
func (a *Answer) appendStatus(dst []byte, s status) []byte {
	return a.appendText(dst, s, statusTexts[s])
}

func (a *Answer) appendText(dst []byte, s status, text string) []byte {
	return append(a.appendHeader(dst, s, 0, 0, len(text), 0), text...)
}

// appendFault answers a request with a fault. That is never quiet.
func (a *Answer) appendFault(dst []byte, e Error) []byte {
	if e == ErrMagic {
		return dst
	}
	return a.appendStatus(dst, faults[e])
}

// renderGet answers get and gat.
func renderGet(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case r.Status == shardv1.Status_STATUS_OK:
		dst = a.appendHeader(dst, statusOK, 4, 0, len(r.Value), r.Cas)
		return append(binary.BigEndian.AppendUint32(dst, r.Flags), r.Value...)
	case r.Status == shardv1.Status_STATUS_NOT_FOUND && a.Quiet:
		return dst
	}
	return a.appendRefusal(dst, r)
}

// renderGetKey answers getk and gatk, of which also a miss tells the key.
func renderGetKey(a *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	key := call.Key
	switch {
	case r.Status == shardv1.Status_STATUS_OK:
		dst = a.appendHeader(dst, statusOK, 4, len(key), len(r.Value), r.Cas)
		dst = append(binary.BigEndian.AppendUint32(dst, r.Flags), key...)
		return append(dst, r.Value...)
	case r.Status != shardv1.Status_STATUS_NOT_FOUND:
		return a.appendRefusal(dst, r)
	case a.Quiet:
		return dst
	}
	return append(a.appendHeader(dst, statusNotFound, 0, len(key), 0, 0), key...)
}

// renderTouch answers touch, with the client's flags.
func renderTouch(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	if r.Status != shardv1.Status_STATUS_OK {
		return a.appendRefusal(dst, r)
	}
	return binary.BigEndian.AppendUint32(a.appendHeader(dst, statusOK, 4, 0, 0, r.Cas), r.Flags)
}

// renderStore answers set.
func renderStore(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	return a.appendChanged(dst, r, r.Cas, statusNotStored)
}

// renderAdd answers add: what it finds there is in its way.
func renderAdd(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	return a.appendChanged(dst, r, r.Cas, statusExists)
}

// renderReplace answers replace, of which there was nothing to replace.
func renderReplace(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	return a.appendChanged(dst, r, r.Cas, statusNotFound)
}

// renderJoin answers append and prepend. A value that has become too large is not stored.
func renderJoin(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	if r.Status == shardv1.Status_STATUS_TOO_LARGE {
		return a.appendStatus(dst, statusNotStored)
	}
	return a.appendChanged(dst, r, r.Cas, statusNotStored)
}

// renderRemoved answers delete, which leaves no cas unique.
func renderRemoved(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	return a.appendChanged(dst, r, 0, statusNotFound)
}

// renderCount answers increment and decrement.
func renderCount(a *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	if r.Status != shardv1.Status_STATUS_OK || a.Quiet {
		return a.appendChanged(dst, r, r.Cas, statusNotStored)
	}
	return binary.BigEndian.AppendUint64(a.appendHeader(dst, statusOK, 0, 0, 8, r.Cas), r.Number)
}

// appendChanged answers what changes an entry and has no more to tell than that.
func (a *Answer) appendChanged(dst []byte, r *wire.Reply, cas uint64, notStored status) []byte {
	switch {
	case r.Status == shardv1.Status_STATUS_NOT_STORED:
		return a.appendStatus(dst, notStored)
	case r.Status != shardv1.Status_STATUS_OK:
		return a.appendRefusal(dst, r)
	case a.Quiet:
		return dst
	}
	return a.appendHeader(dst, statusOK, 0, 0, 0, cas)
}

// appendRefusal says why a request was not executed, quiet or not.
func (a *Answer) appendRefusal(dst []byte, r *wire.Reply) []byte {
	switch r.Status {
	case shardv1.Status_STATUS_NOT_FOUND:
		return a.appendStatus(dst, statusNotFound)
	case shardv1.Status_STATUS_EXISTS:
		return a.appendStatus(dst, statusExists)
	default:
		return a.appendFailure(dst, r)
	}
}

// appendFailure is [AppendFailure] of the binary protocol.
func (a *Answer) appendFailure(dst []byte, r *wire.Reply) []byte {
	e, why := cause(r)
	switch {
	case e != OK:
		return a.appendFault(dst, e)
	case r.Status == shardv1.Status_STATUS_BUSY:
		return a.appendText(dst, statusBusy, why)
	case r.Status == shardv1.Status_STATUS_UNAVAILABLE:
		return a.appendText(dst, statusTemporary, why)
	default:
		return a.appendText(dst, statusInternal, why)
	}
}
