package protocol

import (
	"strings"
	"unicode"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Failed says whether a command was not executed as it was meant, or may not have been; where a condition of it did not
// hold, it has not failed.
func Failed(r *wire.Reply) bool {
	switch r.Status {
	case shardv1.Status_STATUS_OK, shardv1.Status_STATUS_NOT_FOUND, shardv1.Status_STATUS_NOT_STORED, shardv1.Status_STATUS_EXISTS:
		return false
	default:
		return true
	}
}

// AppendFailure says why a command has failed.
func AppendFailure(dst []byte, r *wire.Reply) []byte {
	e, why := cause(r)
	if e != OK {
		return AppendError(dst, e)
	}
	return AppendServerError(dst, why)
}

// appendCountFailure is [AppendFailure] of incr, decr and ma, which have words of their own for memory.
func appendCountFailure(dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case r.Status != shardv1.Status_STATUS_NO_MEMORY:
		return AppendFailure(dst, r)
	case call.Has(shardv1.Option_OPTION_VIVIFY):
		return AppendError(dst, ErrNoMemoryForNew)
	default:
		return AppendError(dst, ErrNoMemoryToCount)
	}
}

// cause is why a command has failed: one of memcached's errors or, with OK, a reason of our own.
func cause(r *wire.Reply) (Error, string) {
	switch r.Status {
	case shardv1.Status_STATUS_NON_NUMERIC:
		return ErrNonNumeric, ""
	case shardv1.Status_STATUS_TOO_LARGE:
		return ErrTooLarge, ""
	case shardv1.Status_STATUS_NO_MEMORY:
		return ErrNoMemory, ""
	case shardv1.Status_STATUS_BUSY:
		return OK, reason("busy", r.Message)
	case shardv1.Status_STATUS_UNAVAILABLE:
		return OK, reason("unavailable", r.Message)
	case shardv1.Status_STATUS_UNKNOWN_OUTCOME:
		return OK, reason("outcome unknown", r.Message)
	default:
		return OK, reason("internal error", r.Message)
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
