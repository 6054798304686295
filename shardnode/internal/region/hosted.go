package region

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/memactor/memactor/protos/wire"
)

// hosted is one shard that the node hosts under one epoch. mu guards all of it but
// id, epoch and bytes.
type hosted struct {
	id     uint32
	epoch  uint64 // 0: not checked
	unique *sequence
	base   uint64       // of the shard's cas uniques, see sequence.go
	bytes  atomic.Int64 // copy of table.bytes, for whoever looks for a victim

	mu      sync.Mutex
	closed  bool     // the node does not host the shard any more
	running []*actor // mostly none, or one for each stream
	table   table
	counts  Counts
	flush   // pending and done
	numbers span
}

func newHosted(id uint32, epoch uint64, s *sequence) *hosted {
	return &hosted{id: id, epoch: epoch, unique: s, base: s.base(epoch), table: newTable()}
}

// entered is what became of an envelope at its actor.
type entered uint8

const (
	began   entered = iota // the caller is to run the actor
	mailed                 // whoever runs the actor handles it
	tooBusy                // the mailbox is full
	gone                   // the shard is not hosted under that epoch
)

// enter brings an envelope to its actor: a becomes the running actor of the key,
// unless it is running already, and then late is told of the reply.
func (h *hosted) enter(a *actor, e *wire.Envelope, hash uint32, now int64, s, late Sink) entered {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || e.Epoch != 0 && e.Epoch != h.epoch {
		return gone
	}
	if busy := h.find(hash, e.Key); busy != nil {
		return h.mail(busy, e, late)
	}
	a.home, a.hash = h, hash
	h.running = append(h.running, a)
	a.load(e, s, now)
	return began
}

// find is the running actor of a key, nil if there is none.
func (h *hosted) find(hash uint32, key []byte) *actor {
	for _, a := range h.running {
		if a.hash == hash && bytes.Equal(a.key, key) {
			return a
		}
	}
	return nil
}

func (h *hosted) mail(a *actor, e *wire.Envelope, late Sink) entered {
	if !a.mailbox.accepts(e) {
		h.counts[Busy]++
		return tooBusy
	}
	h.counts[Mails]++
	a.mailbox.put(newMail(e, late))
	return mailed
}

// rest takes the actor off the list of the running ones.
func (h *hosted) rest(a *actor) {
	i := slices.Index(h.running, a)
	last := len(h.running) - 1
	h.running[i] = h.running[last]
	h.running[last] = nil
	h.running = h.running[:last]
	a.key, a.data, a.next, a.sink, a.msg.Value = nil, nil, nil, nil, nil
	a.out.Actor.Entry.Value, a.out.Reply.Value, a.reply.Value = nil, nil, nil
}

// holds tells whether a running actor has the entry.
func (h *hosted) holds(ref uint32) bool {
	for _, a := range h.running {
		if a.ref == ref {
			return true
		}
	}
	return false
}

// close ends the shard and returns the mail of its actors, which is not to be
// executed any more, and the counters. Turns under way go on and change nothing.
func (h *hosted) close() ([]mail, Counts, int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	var undone []mail
	for _, a := range h.running {
		for a.mailbox.len() > 0 {
			undone = append(undone, a.mailbox.take())
		}
	}
	freed := h.table.bytes
	h.table = newTable()
	h.bytes.Store(0)
	counts := h.counts
	h.counts = Counts{}
	return undone, counts, freed
}

// nextUnique is a cas unique larger than all before it.
func (h *hosted) nextUnique() uint64 { return h.base + h.numbers.next(h.unique) }
