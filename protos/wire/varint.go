package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// ErrMalformed is wrapped by every error of this package's decoders.
var ErrMalformed = errors.New("malformed message")

// The wire types of protobuf's encoding.
const (
	typeVarint  = 0
	typeFixed64 = 1
	typeBytes   = 2
	typeFixed32 = 5
)

// varintLen is the number of bytes of v as a varint.
func varintLen(v uint64) int { return (9*bits.Len64(v) + 64) / 64 }

// zigzag maps a sint64 to the unsigned number that carries it.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// sizeUint and appendUint leave out zero, as proto3 does. They are for fields up to
// 15, whose tag is one byte.
func sizeUint(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + varintLen(v)
}

func appendUint(dst []byte, field int, v uint64) []byte {
	if v == 0 {
		return dst
	}
	dst = append(dst, byte(field<<3|typeVarint))
	return binary.AppendUvarint(dst, v)
}

// sizeUintFar and appendUintFar are for fields from 16 on, whose tag has two bytes.
func sizeUintFar(v uint64) int {
	if v == 0 {
		return 0
	}
	return 2 + varintLen(v)
}

func appendUintFar(dst []byte, field int, v uint64) []byte {
	if v == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(field<<3|typeVarint))
	return binary.AppendUvarint(dst, v)
}

func sizeBytes[T []byte | string](b T) int {
	if len(b) == 0 {
		return 0
	}
	return 1 + varintLen(uint64(len(b))) + len(b)
}

func appendBytes[T []byte | string](dst []byte, field int, b T) []byte {
	if len(b) == 0 {
		return dst
	}
	dst = append(dst, byte(field<<3|typeBytes))
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// reader walks the fields of one message. It never reads outside buf, and keeps
// the first error.
type reader struct {
	buf []byte
	err error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	r.buf = nil
}

// next reads a field's number and wire type; false at the end or on an error.
func (r *reader) next() (field int, typ int, ok bool) {
	if len(r.buf) == 0 {
		return 0, 0, false
	}
	if tag := r.buf[0]; tag < 0x80 && tag >= 8 {
		r.buf = r.buf[1:]
		return int(tag >> 3), int(tag & 7), true
	}
	tag := r.varint()
	if r.err == nil && (tag>>3 == 0 || tag>>3 >= 1<<29) {
		r.fail("field number out of range")
	}
	return int(tag >> 3), int(tag & 7), r.err == nil
}

func (r *reader) varint() uint64 {
	if len(r.buf) > 0 && r.buf[0] < 0x80 {
		v := r.buf[0]
		r.buf = r.buf[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.fail("varint")
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// bytes returns a field's bytes, which alias the message.
func (r *reader) bytes() []byte {
	n := r.varint()
	if n > uint64(len(r.buf)) {
		r.fail("length beyond the message")
		return nil
	}
	b := r.buf[:n:n]
	r.buf = r.buf[n:]
	return b
}

// skip passes over a field that this version does not know.
func (r *reader) skip(typ int) {
	switch typ {
	case typeVarint:
		r.varint()
	case typeBytes:
		r.bytes()
	case typeFixed64:
		r.drop(8)
	case typeFixed32:
		r.drop(4)
	default:
		r.fail("wire type")
	}
}

func (r *reader) drop(n int) {
	if len(r.buf) < n {
		r.fail("fixed field beyond the message")
		return
	}
	r.buf = r.buf[n:]
}

// uint reads a varint field, or skips one of another type.
func (r *reader) uint(typ int) uint64 {
	if typ != typeVarint {
		r.skip(typ)
		return 0
	}
	return r.varint()
}

// data reads a bytes field, or skips one of another type.
func (r *reader) data(typ int) []byte {
	if typ != typeBytes {
		r.skip(typ)
		return nil
	}
	return r.bytes()
}
