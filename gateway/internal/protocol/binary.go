package protocol

import (
	"encoding/binary"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Magic is the first byte of every request of the binary protocol. No command of the text protocol begins with it.
const Magic = 0x80

const magicAnswer = 0x81

// header is how a request begins, and an answer. Behind it are extras, key and value. Numbers are big endian.
//
//	byte 0   magic                  6-7    of an answer: its status
//	     1   opcode                 8-11   length of the body: extras, key and value
//	     2-3 length of the key      12-15  opaque, which the answer repeats
//	     4   length of the extras   16-23  cas unique
//	     5   data type, always 0
type header []byte

const headerLen = 24

func (h header) keyLen() int    { return int(binary.BigEndian.Uint16(h[2:])) }
func (h header) extrasLen() int { return int(h[4]) }
func (h header) bodyLen() int   { return int(binary.BigEndian.Uint32(h[8:])) }
func (h header) opaque() uint32 { return binary.BigEndian.Uint32(h[12:]) }
func (h header) cas() uint64    { return binary.BigEndian.Uint64(h[16:]) }

// fault is what is wrong with a header whatever its opcode is.
func (h header) fault() Error {
	switch {
	case h[0] != Magic:
		return ErrMagic
	case h.keyLen()+h.extrasLen() > h.bodyLen():
		return ErrLengths
	case h.keyLen() > MaxKey:
		return ErrArguments
	}
	return OK
}

// Frame finds the first request in buf: its header, extras and key, which are at most 529 bytes. The value is not
// looked at. The frame borrows buf. While it is not all there, ok is false. Of a request with a fault the frame is
// the header: nothing that follows it is waited for.
func Frame(buf []byte) (frame []byte, ok bool) {
	if len(buf) < headerLen {
		return nil, false
	}
	h := header(buf[:headerLen])
	if h.fault() != OK {
		return h, true
	}
	end := headerLen + h.extrasLen() + h.keyLen()
	if len(buf) < end {
		return nil, false
	}
	return buf[:end:end], true
}

// ParseBinary reads a frame, which [Frame] has found, into c, as [Parse] does with a line.
func ParseBinary(frame []byte, c *Command) Error {
	*c = Command{}
	h := header(frame)
	c.Binary, c.Opcode, c.Opaque = true, h[1], h.opaque()
	if e := h.fault(); e != OK {
		return e
	}
	extras, key := frame[headerLen:headerLen+h.extrasLen()], frame[headerLen+h.extrasLen():]
	op := &opcodes[c.Opcode]
	c.Verb, c.Quiet, c.Kind, c.Op = op.verb, op.quiet, op.kind, op.op
	c.Key, c.Bytes = key, h.bodyLen()-len(extras)-len(key)
	switch {
	case op.fits == nil:
		c.Swallow = c.Bytes
		return ErrUnknown
	case !op.fits(len(extras), len(key), c.Bytes):
		return ErrArguments
	}
	c.compare(h.cas())
	if op.parse != nil {
		op.parse(c, extras)
	}
	return OK
}

// compare makes the command one for an entry with that cas unique, if it is not 0. Then add and replace do not mind
// any more whether there was an entry before: they are cas.
func (c *Command) compare(cas uint64) {
	if cas == 0 || c.Op == shardv1.Op_OP_GET || c.Op == shardv1.Op_OP_GAT { // a read compares nothing, as in memcached
		return
	}
	c.Cas = cas
	c.Options |= uint32(shardv1.Option_OPTION_COMPARE)
	if c.Op == shardv1.Op_OP_ADD || c.Op == shardv1.Op_OP_REPLACE {
		c.Op = shardv1.Op_OP_CAS
	}
}

// The parsers of extras, which are of the length that fits the opcode. All times are unsigned: none is in the past by
// being negative.

func (c *Command) extrasOfItem(extras []byte) {
	c.Flags, c.Exptime = binary.BigEndian.Uint32(extras), int64(binary.BigEndian.Uint32(extras[4:]))
}

func (c *Command) extrasOfTime(extras []byte) {
	if len(extras) > 0 {
		c.Exptime = int64(binary.BigEndian.Uint32(extras))
	}
}

// neverVivify is the exptime by which incr and decr of a missing key are not to make it.
const neverVivify = 1<<32 - 1

func (c *Command) extrasOfCount(extras []byte) {
	c.Delta = binary.BigEndian.Uint64(extras)
	exptime := binary.BigEndian.Uint32(extras[16:])
	if exptime == neverVivify {
		return
	}
	c.Options |= uint32(shardv1.Option_OPTION_VIVIFY)
	c.Initial, c.Vivify = binary.BigEndian.Uint64(extras[8:]), int64(exptime)
}

// extrasOfGet and its kin read no extras: they say of which kind the reply is.

func (c *Command) extrasOfGet([]byte) { c.Reads = true }

func (c *Command) extrasOfGat(extras []byte) {
	c.extrasOfTime(extras)
	c.Reads = true
}

// extrasOfTouch makes touch a read without a value: its answer has the client's flags.
func (c *Command) extrasOfTouch(extras []byte) {
	c.extrasOfTime(extras)
	c.Options |= uint32(shardv1.Option_OPTION_NO_VALUE)
}

func (c *Command) extrasOfStat([]byte) { c.Args, c.Key = c.Key, nil }
