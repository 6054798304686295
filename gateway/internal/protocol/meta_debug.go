package protocol

import (
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// parseMetaDebug reads me's "<key> [b]"; other flags are not looked at.
func (c *Command) parseMetaDebug(args []byte) Error {
	key, flags := NextKey(args)
	if len(key) == 0 || len(key) > MaxKey || metaWords(flags, 2) != OK {
		return ErrBadFormat
	}
	c.Key, c.Request = key, flags
	if first, _ := NextKey(flags); string(first) == "b" && !c.decodeKey() {
		return ErrBadFormat
	}
	c.Options = uint32(shardv1.Option_OPTION_UNCOUNTED | shardv1.Option_OPTION_DETAILS | shardv1.Option_OPTION_NO_VALUE)
	return OK
}

// renderMetaDebug answers me for people: how long the entry lives, when it was last used, and what it takes. memactor has
// one class of slabs.
func renderMetaDebug(a *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case r.Status == shardv1.Status_STATUS_NOT_FOUND:
		return append(dst, "EN\r\n"...)
	case r.Status != shardv1.Status_STATUS_OK:
		return AppendFailure(dst, r)
	}
	dst = a.appendKey(append(dst, "ME "...), call.Key)
	dst = strconv.AppendInt(append(dst, " exp="...), r.TTL, 10)
	dst = strconv.AppendUint(append(dst, " la="...), r.Idle, 10)
	dst = strconv.AppendUint(append(dst, " cas="...), r.Cas, 10)
	if r.Has(shardv1.Mark_MARK_FETCHED) {
		dst = append(dst, " fetch=yes"...)
	} else {
		dst = append(dst, " fetch=no"...)
	}
	size := itemSize(len(call.Key), int(r.Size), r.Flags)
	dst = strconv.AppendInt(append(dst, " cls=1 size="...), int64(size), 10)
	return append(dst, crlf...)
}
