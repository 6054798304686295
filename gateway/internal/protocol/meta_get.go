package protocol

import (
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// parseMetaGet reads mg's "<key> <flags>*".
func (c *Command) parseMetaGet(args []byte) Error {
	seen, err := c.parseMetaKey(args)
	if err != OK {
		return err
	}
	if seen.has('T') {
		c.Op = shardv1.Op_OP_GAT
	}
	c.Options = uint32(shardv1.Option_OPTION_WIN)
	c.option(seen, 'N', shardv1.Option_OPTION_VIVIFY)
	c.option(seen, 'R', shardv1.Option_OPTION_RECACHE)
	c.option(seen, 'E', shardv1.Option_OPTION_NEW_CAS)
	c.option(seen, 'C', shardv1.Option_OPTION_COMPARE)
	c.option(seen, 'u', shardv1.Option_OPTION_NO_BUMP)
	for _, letter := range []byte("hlst") {
		c.option(seen, letter, shardv1.Option_OPTION_DETAILS)
	}
	c.orderExptime(seen)
	if c.Reads = seen.has('v'); !c.Reads {
		c.Options |= uint32(shardv1.Option_OPTION_NO_VALUE)
	}
	return OK
}

// parseMetaKey reads the "<key> <flags>*" of mg and md.
func (c *Command) parseMetaKey(args []byte) (metaFlags, Error) {
	key, flags := NextKey(args)
	if len(key) == 0 || metaWords(flags, 2) != OK {
		return 0, ErrBadFormat
	}
	seen, err := c.parseMeta(key, flags, 2)
	if err != OK {
		return 0, err
	}
	return seen, c.checkOpaque(seen)
}

// renderMetaGet answers mg: "VA <bytes> <flags>*" and the value, "HD <flags>*" if that was not asked for or the client has
// it already, or "EN".
func renderMetaGet(a *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case Failed(r):
		return AppendFailure(dst, r)
	case r.Status != shardv1.Status_STATUS_OK && a.Quiet:
		return dst
	case r.Status != shardv1.Status_STATUS_OK:
		return a.appendLine(dst, "EN", askedFlags, call, r)
	}
	value := !call.Has(shardv1.Option_OPTION_NO_VALUE) && !r.Has(shardv1.Mark_MARK_UNCHANGED)
	if value {
		dst = strconv.AppendUint(append(dst, "VA "...), uint64(len(r.Value)), 10)
	} else {
		dst = append(dst, "HD"...)
	}
	dst = appendMarks(a.appendFlags(dst, "Okcfhlst", call, r), r)
	if value {
		return appendBlock(dst, r.Value)
	}
	return append(dst, crlf...)
}

// appendMarks says who is to make the value anew. memcached puts it behind all flags, in this order.
func appendMarks(dst []byte, r *wire.Reply) []byte {
	if r.Has(shardv1.Mark_MARK_WIN_SENT) {
		dst = append(dst, " Z"...)
	}
	if r.Has(shardv1.Mark_MARK_STALE) {
		dst = append(dst, " X"...)
	}
	if r.Has(shardv1.Mark_MARK_WON) {
		dst = append(dst, " W"...)
	}
	return dst
}
