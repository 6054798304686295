package wire

import (
	"sync"

	"google.golang.org/grpc/mem"
)

// Requests is a whole DeliverRequest as one encoded buffer.
//
// A sender appends envelopes and hands it to SendMsg, which takes the buffer and
// leaves Requests empty for the next batch. A receiver has RecvMsg fill it,
// walks it with Next, and calls Free. It is not safe for concurrent use.
type Requests struct{ batch }

// Append encodes e. Its slices are copied.
func (b *Requests) Append(e *Envelope) { b.grow(); *b.data = e.append(*b.data) }

// Next decodes the next envelope into e; false at the end. e.Key and e.Value
// alias the batch and are valid until Free.
func (b *Requests) Next(e *Envelope) (bool, error) {
	msg, ok, err := b.next()
	if !ok || err != nil {
		return false, err
	}
	return true, e.decode(msg)
}

// Replies is a whole DeliverResponse as one encoded buffer, used like Requests.
type Replies struct{ batch }

// Append encodes r. Its Value is copied.
func (b *Replies) Append(r *Reply) { b.grow(); *b.data = r.append(*b.data) }

// Next decodes the next reply into r; false at the end. r.Value aliases the batch
// and is valid until Free.
func (b *Replies) Next(r *Reply) (bool, error) {
	msg, ok, err := b.next()
	if !ok || err != nil {
		return false, err
	}
	return true, r.decode(msg)
}

// batch is an encoded list of elements: either being written (data) or being
// read (rest, a view into owner).
type batch struct {
	data  *[]byte
	owner mem.Buffer
	rest  []byte
}

// Len is the encoded size in bytes of what has been appended.
func (b *batch) Len() int {
	if b.data == nil {
		return 0
	}
	return len(*b.data)
}

// Free gives the memory back and leaves the batch empty. Slices that Next gave
// out are invalid from here on.
func (b *batch) Free() {
	if b.data != nil {
		pool.Put(b.data)
		b.data = nil
	}
	if b.owner != nil {
		b.owner.Free()
		b.owner, b.rest = nil, nil
	}
}

func (b *batch) grow() {
	if b.data == nil {
		b.data = pool.Get(0)
	}
}

// take hands the encoded bytes over to gRPC, which puts them back into the pool
// when they have been written.
func (b *batch) take() mem.BufferSlice {
	if b.data == nil {
		return nil
	}
	buf := mem.NewBuffer(b.data, pool)
	b.data = nil
	return mem.BufferSlice{buf}
}

// fill makes the batch a view of a received message.
func (b *batch) fill(msg mem.BufferSlice) {
	b.Free()
	b.owner = msg.MaterializeToBuffer(pool)
	b.rest = b.owner.ReadOnlyData()
}

// next returns the next element's bytes; false at the end.
func (b *batch) next() ([]byte, bool, error) {
	r := reader{buf: b.rest}
	for {
		field, typ, ok := r.next()
		if !ok {
			b.rest = nil
			return nil, false, r.err
		}
		if field != elementField || typ != typeBytes {
			r.skip(typ)
			continue
		}
		msg := r.bytes()
		b.rest = r.buf
		return msg, r.err == nil, r.err
	}
}

// pool holds the buffers of batches that are being written.
var pool = bufferPool{}

const (
	minBuffer = 8 << 10
	// maxPooled keeps the buffer of a rare huge value from living on in the pool.
	maxPooled = 2 * BatchBytes
)

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, minBuffer); return &b }}

// bufferPool is a mem.BufferPool of growing buffers.
type bufferPool struct{}

// Get returns a buffer of length n.
func (bufferPool) Get(n int) *[]byte {
	b := buffers.Get().(*[]byte)
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	*b = (*b)[:n]
	return b
}

// Put takes a buffer back.
func (bufferPool) Put(b *[]byte) {
	if cap(*b) > maxPooled {
		return
	}
	*b = (*b)[:0]
	buffers.Put(b)
}
