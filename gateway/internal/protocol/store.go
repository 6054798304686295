package protocol

import "math"

// maxBytes is the longest data block that memcached's parser lets through: its "\r\n" must still fit in an int32.
// What a value may really be is the server's limit, and far below.
const maxBytes = math.MaxInt32 - 2

// parseStore reads "<key> <flags> <exptime> <bytes> [<cas unique>] [noreply]". Words behind that are ignored.
// The length comes first: once it is known, whatever else is wrong, the data block can be skipped.
func (c *Command) parseStore(args []byte) Error {
	key, rest := NextKey(args)
	flags, rest := NextKey(rest)
	exptime, rest := NextKey(rest)
	length, rest := NextKey(rest)
	n, ok := strictInt32(length)
	if !ok || n < 0 || n > maxBytes {
		return ErrBadFormat
	}
	c.Key, c.Bytes, c.NoReply = key, int(n), noReply(args)
	if len(key) > MaxKey || !c.parseItem(flags, exptime) || !c.parseUnique(rest) {
		c.Swallow = c.Bytes + len(crlf)
		return ErrBadFormat
	}
	return OK
}

// parseItem reads what set and its kin store beside the value. Flags beyond 32 bits lose the upper ones.
func (c *Command) parseItem(flags, exptime []byte) bool {
	f, okFlags := looseUint64(flags)
	seconds, okExptime := looseInt32(exptime)
	c.Flags, c.Exptime = uint32(f), int64(seconds)
	return okFlags && okExptime
}

// parseUnique reads cas's fifth argument, of which the other storage verbs have none.
func (c *Command) parseUnique(args []byte) (ok bool) {
	if c.Verb != VerbCas {
		return true
	}
	unique, _ := NextKey(args)
	c.Cas, ok = looseUint64(unique)
	return ok
}
