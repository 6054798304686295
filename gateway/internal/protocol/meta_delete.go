package protocol

import (
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// parseMetaDelete reads md's "<key> <flags>*".
func (c *Command) parseMetaDelete(args []byte) Error {
	seen, err := c.parseMetaKey(args)
	if err != OK {
		return err
	}
	c.option(seen, 'C', shardv1.Option_OPTION_COMPARE)
	c.option(seen, 'E', shardv1.Option_OPTION_NEW_CAS)
	c.option(seen, 'T', shardv1.Option_OPTION_TOUCH)
	c.option(seen, 'I', shardv1.Option_OPTION_INVALIDATE)
	c.option(seen, 'x', shardv1.Option_OPTION_DROP_VALUE)
	return OK
}

// renderMetaDelete answers md.
func renderMetaDelete(a *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case Failed(r):
		return AppendFailure(dst, r)
	case r.Status != shardv1.Status_STATUS_OK:
		return a.appendLine(dst, refusal(r.Status), askedFlags, call, r)
	case a.Quiet:
		return dst
	}
	return a.appendLine(dst, "HD", askedFlags, call, r)
}
