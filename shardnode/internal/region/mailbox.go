package region

import (
	"bytes"

	"github.com/memactor/memactor/protos/wire"
)

// mail is an envelope that waits for its actor's turn. It owns its key and value.
type mail struct {
	env  wire.Envelope
	sink Sink
}

func newMail(e *wire.Envelope, s Sink) mail {
	m := mail{env: *e, sink: s}
	m.env.Key, m.env.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
	return m
}

// mailBytes is what an envelope counts against maxMailBytes.
func mailBytes(e *wire.Envelope) int { return len(e.Key) + len(e.Value) + mailOverhead }

// compactAt is the count of taken messages from which the queue is moved up.
const compactAt = 64

// mailbox is the mail of a running actor in order of arrival, guarded by its
// shard's lock. The zero mailbox is empty.
type mailbox struct {
	queue []mail
	head  int // queue[:head] has been taken
	bytes int
}

func (b *mailbox) len() int { return len(b.queue) - b.head }

// accepts tells whether e is within the mailbox's bound.
func (b *mailbox) accepts(e *wire.Envelope) bool {
	return b.len() == 0 || b.bytes+mailBytes(e) <= maxMailBytes
}

func (b *mailbox) put(m mail) {
	b.bytes += mailBytes(&m.env)
	b.queue = append(b.queue, m)
}

// take takes the oldest mail. There is one.
func (b *mailbox) take() mail {
	m := b.queue[b.head]
	b.queue[b.head] = mail{}
	b.head++
	b.bytes -= mailBytes(&m.env)
	switch {
	case b.head == len(b.queue):
		b.queue, b.head = b.queue[:0], 0
	case b.head >= compactAt && b.head > b.len():
		n := copy(b.queue, b.queue[b.head:])
		clear(b.queue[n:])
		b.queue, b.head = b.queue[:n], 0
	}
	return m
}
