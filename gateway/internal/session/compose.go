package session

import (
	"strings"
	"unicode"

	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// compose appends one answer.
func (s *Session) compose(dst []byte, sl *slot) []byte {
	switch {
	case isGet(sl.verb) && sl.err == protocol.OK:
		return s.composeGet(dst, sl)
	case sl.noReply:
		return dst
	case sl.err != protocol.OK:
		return protocol.AppendError(dst, sl.err)
	case sl.call == 0:
		return s.composeLocal(dst, sl)
	}
	return composeResult(dst, sl.verb, &s.round.results[sl.call-1])
}

// composeGet appends a VALUE block or, at the end of the keys, END. A key that could
// not be read is not a miss: an error line then stands in the place of END.
func (s *Session) composeGet(dst []byte, sl *slot) []byte {
	if sl.end {
		return s.composeGetEnd(dst)
	}
	res := &s.round.results[sl.call-1]
	key := s.round.calls[sl.call-1].Key
	switch {
	case res.status == shardv1.Status_STATUS_NOT_FOUND:
	case res.status != shardv1.Status_STATUS_OK:
		s.failed = appendFailure(s.failed[:0], res)
	case sl.verb == protocol.VerbGets || sl.verb == protocol.VerbGats:
		return protocol.AppendValueCas(dst, key, res.flags, s.round.value(res), res.cas)
	default:
		return protocol.AppendValue(dst, key, res.flags, s.round.value(res))
	}
	return dst
}

func (s *Session) composeGetEnd(dst []byte) []byte {
	if len(s.failed) == 0 {
		return protocol.AppendEnd(dst)
	}
	dst = append(dst, s.failed...)
	s.failed = nil
	return dst
}

// composeLocal answers what needs no actor.
func (s *Session) composeLocal(dst []byte, sl *slot) []byte {
	switch sl.verb {
	case protocol.VerbVersion:
		return protocol.AppendVersion(dst, s.version)
	case protocol.VerbMn:
		return protocol.AppendMN(dst)
	case protocol.VerbVerbosity:
		return protocol.AppendOK(dst)
	case protocol.VerbShutdown:
		return protocol.AppendError(dst, protocol.ErrShutdownDisabled)
	case protocol.VerbFlushAll, protocol.VerbStats:
		return append(dst, sl.text...)
	default:
		return protocol.AppendError(dst, protocol.ErrUnknown)
	}
}

// composeResult answers a command with one key.
func composeResult(dst []byte, verb protocol.Verb, res *result) []byte {
	switch res.status {
	case shardv1.Status_STATUS_OK:
		return composeOK(dst, verb, res)
	case shardv1.Status_STATUS_NOT_FOUND:
		return protocol.AppendNotFound(dst)
	case shardv1.Status_STATUS_NOT_STORED:
		return protocol.AppendNotStored(dst)
	case shardv1.Status_STATUS_EXISTS:
		return protocol.AppendExists(dst)
	default:
		return appendFailure(dst, res)
	}
}

func composeOK(dst []byte, verb protocol.Verb, res *result) []byte {
	switch verb {
	case protocol.VerbDelete:
		return protocol.AppendDeleted(dst)
	case protocol.VerbTouch:
		return protocol.AppendTouched(dst)
	case protocol.VerbIncr, protocol.VerbDecr:
		return protocol.AppendNumber(dst, res.number)
	default:
		return protocol.AppendStored(dst)
	}
}

// appendFailure says why a command was not executed, or may not have been.
func appendFailure(dst []byte, res *result) []byte {
	switch res.status {
	case shardv1.Status_STATUS_NON_NUMERIC:
		return protocol.AppendError(dst, protocol.ErrNonNumeric)
	case shardv1.Status_STATUS_TOO_LARGE:
		return protocol.AppendError(dst, protocol.ErrTooLarge)
	case shardv1.Status_STATUS_NO_MEMORY:
		return protocol.AppendError(dst, protocol.ErrNoMemory)
	case shardv1.Status_STATUS_BUSY:
		return protocol.AppendServerError(dst, reason("busy", res.message))
	case shardv1.Status_STATUS_UNAVAILABLE:
		return protocol.AppendServerError(dst, reason("unavailable", res.message))
	case shardv1.Status_STATUS_UNKNOWN_OUTCOME:
		return protocol.AppendServerError(dst, reason("outcome unknown", res.message))
	default:
		return protocol.AppendServerError(dst, reason("internal error", res.message))
	}
}

// reason is what happened and why, on one line.
func reason(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, why)
}
