package protocol

import (
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// parseMetaArithmetic reads ma's "<key> <flags>*". Whatever is wrong with key or flags has one error line.
func (c *Command) parseMetaArithmetic(args []byte) Error {
	key, flags := NextKey(args)
	if len(key) == 0 || metaWords(flags, 2) != OK {
		return ErrBadFormat
	}
	c.Delta = 1
	seen, err := c.parseMeta(key, flags, 2)
	if err != OK {
		return ErrArithmeticFlag
	}
	if err := c.arithmeticMode(seen); err != OK {
		return err
	}
	c.option(seen, 'N', shardv1.Option_OPTION_VIVIFY)
	c.option(seen, 'T', shardv1.Option_OPTION_TOUCH)
	c.option(seen, 'E', shardv1.Option_OPTION_NEW_CAS)
	c.option(seen, 't', shardv1.Option_OPTION_DETAILS)
	if c.Cas != 0 { // C0 compares nothing, in memcached
		c.option(seen, 'C', shardv1.Option_OPTION_COMPARE)
	}
	c.orderExptime(seen &^ metaFlag('R'))
	if !seen.has('v') {
		c.Options |= uint32(shardv1.Option_OPTION_NO_VALUE)
	}
	return c.checkOpaque(seen)
}

// arithmeticMode makes the command what M says.
func (c *Command) arithmeticMode(seen metaFlags) Error {
	switch c.mode(seen) {
	case 0, 'I', '+':
		c.Op = shardv1.Op_OP_INCR
	case 'D', '-':
		c.Op = shardv1.Op_OP_DECR
	default:
		return ErrArithmeticMode
	}
	return OK
}

// renderMetaArithmetic answers ma: with the number as a value if that was asked for.
func renderMetaArithmetic(a *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case Failed(r):
		return appendCountFailure(dst, call, r)
	case r.Status != shardv1.Status_STATUS_OK:
		return a.appendLine(dst, refusal(r.Status), askedFlags, call, r)
	case a.Quiet:
		return dst
	case call.Has(shardv1.Option_OPTION_NO_VALUE):
		return a.appendLine(dst, "HD", "Okct", call, r)
	}
	dst = strconv.AppendUint(append(dst, "VA "...), uint64(decimalLen(r.Number)), 10)
	return AppendNumber(a.appendLine(dst, "", "Okct", call, r), r.Number)
}

// decimalLen is how many digits a number has.
func decimalLen(v uint64) int {
	n := 1
	for ; v >= 10; v /= 10 {
		n++
	}
	return n
}
