package protocol

import (
	"math"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// maxBytes is the longest data block that memcached's parser lets through: its "\r\n" must still fit in an int32.
// What a value may really be is the server's limit, and far below.
const maxBytes = math.MaxInt32 - 2

// parseStore reads "<key> <flags> <exptime> <bytes> [noreply]". Words behind that are ignored.
func (c *Command) parseStore(args []byte) Error {
	_, err := c.parseItem(args)
	return err
}

// parseCas reads "<key> <flags> <exptime> <bytes> <cas unique> [noreply]".
func (c *Command) parseCas(args []byte) Error {
	rest, err := c.parseItem(args)
	if err != OK {
		return err
	}
	unique, _ := NextKey(rest)
	var ok bool
	if c.Cas, ok = looseUint64(unique); !ok {
		return c.refuseBlock(ErrBadFormat)
	}
	return OK
}

// parseItem reads what all storage commands have, and returns what follows.
// The length comes first: once it is known, whatever else is wrong, the data block can be skipped.
func (c *Command) parseItem(args []byte) (rest []byte, err Error) {
	key, rest := NextKey(args)
	flags, rest := NextKey(rest)
	exptime, rest := NextKey(rest)
	length, rest := NextKey(rest)
	n, ok := strictInt32(length)
	if !ok || n < 0 || n > maxBytes {
		return nil, ErrBadFormat
	}
	c.Key, c.Bytes, c.NoReply = key, int(n), noReply(args)
	f, okFlags := looseUint64(flags)
	seconds, okExptime := looseInt32(exptime)
	if len(key) > MaxKey || !okFlags || !okExptime {
		return nil, c.refuseBlock(ErrBadFormat)
	}
	c.Flags, c.Exptime = uint32(f), int64(seconds) // flags beyond 32 bits lose the upper ones
	return rest, OK
}

// refuseBlock is e, with the data block to be dropped.
func (c *Command) refuseBlock(e Error) Error {
	c.Swallow = c.BlockSize()
	return e
}

// BlockSize is how many bytes the data block takes in the input, its end included. In the binary protocol it has none.
func (c *Command) BlockSize() int {
	if c.Binary {
		return c.Bytes
	}
	return c.Bytes + len(crlf)
}

// BlockValue is the value in a data block of [Command.BlockSize] bytes; false if its end is not where it should be.
func (c *Command) BlockValue(block []byte) (value []byte, ok bool) {
	return block[:c.Bytes], c.Binary || string(block[c.Bytes:]) == crlf
}

// ItemSize is what memcached 1.6 would allocate for the item: the limit -I is on that.
func (c *Command) ItemSize() int { return itemSize(len(c.Key), c.Bytes, c.Flags) }

// itemSize is memcached's ITEM_ntotal.
func itemSize(key, value int, flags uint32) int {
	const header, cas = 48, 8
	size := header + cas + key + 1 + value + len(crlf)
	if flags != 0 {
		size += 4
	}
	return size
}

// TooLarge turns a Block command whose value is over the limit into a call without that value, which is answered with
// [ErrTooLarge]: the node counts it, and a set that fails takes the old value with it, as in memcached. ms does so in any
// mode: a client may not go on reading what it replaced.
func (c *Command) TooLarge() {
	c.Err, c.Kind = ErrTooLarge, Call
	c.Options |= uint32(shardv1.Option_OPTION_TOO_LARGE)
	if c.Verb == VerbMs {
		c.Op = shardv1.Op_OP_SET
	}
}

func renderStored(_ *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	return appendOutcome(dst, "STORED\r\n", r)
}
