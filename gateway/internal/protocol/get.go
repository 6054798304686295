package protocol

import (
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// parseGet reads "<key>+". A last key "noreply" is a key.
func (c *Command) parseGet(args []byte) Error {
	c.Keys, c.Reads = args, true
	return checkKeys(args)
}

// parseGat reads "<exptime> <key>+".
func (c *Command) parseGat(args []byte) Error {
	exptime, keys := NextKey(args)
	if first, _ := NextKey(keys); len(first) == 0 {
		return ErrBadFormat
	}
	seconds, ok := strictInt32(exptime)
	if !ok {
		return ErrBadExptime
	}
	c.Exptime, c.Keys, c.Reads = int64(seconds), keys, true
	return checkKeys(keys)
}

// checkKeys holds back the whole command for one key that is too long, before any key is asked for.
func checkKeys(keys []byte) Error {
	key, rest := NextKey(keys)
	if len(key) == 0 {
		return ErrBadFormat
	}
	for len(key) > 0 {
		if len(key) > MaxKey {
			return ErrBadFormat
		}
		key, rest = NextKey(rest)
	}
	return OK
}

// renderValue answers get and gat for one key. A miss says nothing.
func renderValue(_ *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	if r.Status != shardv1.Status_STATUS_OK {
		return dst
	}
	return AppendValue(dst, call.Key, r.Flags, r.Value)
}

// renderValueCas answers gets and gats for one key.
func renderValueCas(_ *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	if r.Status != shardv1.Status_STATUS_OK {
		return dst
	}
	return AppendValueCas(dst, call.Key, r.Flags, r.Value, r.Cas)
}

// AppendValue is one hit of get and gat: the header line and the data block.
func AppendValue(dst, key []byte, flags uint32, value []byte) []byte {
	dst = appendHeader(dst, key, flags, len(value))
	return appendBlock(dst, value)
}

// AppendValueCas is one hit of gets and gats: the header line, which ends in the cas unique, and the data block.
func AppendValueCas(dst, key []byte, flags uint32, value []byte, cas uint64) []byte {
	dst = appendHeader(dst, key, flags, len(value))
	dst = strconv.AppendUint(append(dst, ' '), cas, 10)
	return appendBlock(dst, value)
}

// appendHeader leaves the header line open for a cas unique.
func appendHeader(dst, key []byte, flags uint32, length int) []byte {
	dst = append(dst, "VALUE "...)
	dst = append(append(dst, key...), ' ')
	dst = append(strconv.AppendUint(dst, uint64(flags), 10), ' ')
	return strconv.AppendUint(dst, uint64(length), 10)
}
