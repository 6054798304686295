package service

import "github.com/memactor/memactor/protos/wire"

// replyBytes is what a reply needs beside its value and message, at most; Moved has
// two names of 255 bytes.
const replyBytes = 1 << 10

// outbox is replies that wait to be sent, as messages of no more than
// wire.BatchBytes: a larger reply has a message of its own. The zero outbox is empty.
type outbox struct {
	full  []wire.Replies
	open  wire.Replies
	bytes int // of all messages
}

// add encodes r. It never waits.
func (o *outbox) add(r *wire.Reply) {
	before := o.open.Len()
	if before > 0 && before+len(r.Value)+len(r.Message)+replyBytes > wire.BatchBytes {
		o.full = append(o.full, o.open)
		o.open, before = wire.Replies{}, 0
	}
	o.open.Append(r)
	o.bytes += o.open.Len() - before
}

// take takes the oldest message, false if there is none. Unless it is to be all, a
// message to which something may still be added stays.
func (o *outbox) take(all bool) (wire.Replies, bool) {
	m := o.open
	switch {
	case len(o.full) > 0:
		m = o.full[0]
		o.full[0] = wire.Replies{}
		o.full = o.full[1:]
	case !all || m.Len() == 0:
		return wire.Replies{}, false
	default:
		o.open = wire.Replies{}
	}
	o.bytes -= m.Len()
	return m, true
}

// clear drops all messages.
func (o *outbox) clear() {
	for m, ok := o.take(true); ok; m, ok = o.take(true) {
		m.Free()
	}
}
