package protocol

import (
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

const crlf = "\r\n"

// Each AppendX appends one reply to dst and returns it, as the builtin append does. Nothing is kept of the
// arguments. Here are those that more than one family has.

// appendOutcome answers a command without a value: that it is done, or what was in the way.
func appendOutcome(dst []byte, done string, r *wire.Reply) []byte {
	switch r.Status {
	case shardv1.Status_STATUS_OK:
		return append(dst, done...)
	case shardv1.Status_STATUS_NOT_FOUND:
		return append(dst, "NOT_FOUND\r\n"...)
	case shardv1.Status_STATUS_NOT_STORED:
		return append(dst, "NOT_STORED\r\n"...)
	case shardv1.Status_STATUS_EXISTS:
		return append(dst, "EXISTS\r\n"...)
	default:
		return AppendFailure(dst, r)
	}
}

// AppendOK answers flush_all and verbosity.
func AppendOK(dst []byte) []byte { return append(dst, "OK\r\n"...) }

// AppendEnd ends the answers of a command of kind [Keys], and those of stats.
func AppendEnd(dst []byte) []byte { return append(dst, "END\r\n"...) }

// AppendNumber is a line with a number.
func AppendNumber(dst []byte, value uint64) []byte {
	return append(strconv.AppendUint(dst, value, 10), crlf...)
}

func appendBlock(dst, value []byte) []byte {
	dst = append(append(dst, crlf...), value...)
	return append(dst, crlf...)
}
