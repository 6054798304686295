package protocol

import (
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// parseMetaSet reads ms's "<key> <bytes> <flags>*". Once the length is known, the data block of a line with a fault can be
// skipped.
func (c *Command) parseMetaSet(args []byte) Error {
	key, rest := NextKey(args)
	length, flags := NextKey(rest)
	n, ok := strictInt32(length)
	if !ok || n < 0 || n > maxBytes || metaWords(flags, 3) != OK {
		return ErrBadFormat
	}
	c.Bytes = int(n)
	seen, err := c.parseMeta(key, flags, 3)
	if err == OK {
		err = c.setMode(seen)
	}
	if err == OK {
		err = c.checkOpaque(seen)
	}
	if err != OK {
		return c.refuseBlock(err)
	}
	c.option(seen, 's', shardv1.Option_OPTION_DETAILS)
	if c.NewCas != 0 { // E0 is none, to memcached
		c.Options |= uint32(shardv1.Option_OPTION_NEW_CAS)
	}
	return OK
}

// setMode makes the command what M says.
func (c *Command) setMode(seen metaFlags) Error {
	switch c.mode(seen) {
	case 0, 'S':
		c.compareOver(seen, shardv1.Op_OP_SET)
	case 'R':
		c.compareOver(seen, shardv1.Op_OP_REPLACE)
	case 'E': // an add has nothing to compare with
		c.Op = shardv1.Op_OP_ADD
	case 'A':
		c.join(seen, shardv1.Op_OP_APPEND)
	case 'P':
		c.join(seen, shardv1.Op_OP_PREPEND)
	default:
		return ErrSetMode
	}
	return OK
}

// compareOver makes a set or a replace the same with C, which memcached then calls a cas.
func (c *Command) compareOver(seen metaFlags, op shardv1.Op) {
	c.Op = op
	if seen.has('C') {
		c.Op = shardv1.Op_OP_CAS
		c.Options |= uint32(shardv1.Option_OPTION_COMPARE)
		c.option(seen, 'I', shardv1.Option_OPTION_INVALIDATE)
	}
}

// join is append and prepend.
func (c *Command) join(seen metaFlags, op shardv1.Op) {
	c.Op = op
	c.option(seen, 'C', shardv1.Option_OPTION_COMPARE)
	c.option(seen, 'N', shardv1.Option_OPTION_VIVIFY)
}

// renderMetaSet answers ms.
func renderMetaSet(a *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case Failed(r):
		return AppendFailure(dst, r)
	case r.Status != shardv1.Status_STATUS_OK:
		// What has not been stored has no cas unique, and the size that it would have had.
		refused := wire.Reply{Size: uint64(len(call.Value))}
		return a.appendLine(dst, refusal(r.Status), "Okcs", call, &refused)
	case a.Quiet:
		return dst
	}
	return a.appendLine(dst, "HD", "Okcs", call, r)
}
