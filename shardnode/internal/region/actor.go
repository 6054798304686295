package region

import (
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// actor is a key actor that runs: what it holds, the message of its turn and what
// comes of it. An actor at rest is only a slot of its shard, or nothing.
//
// home, hash, key and mailbox are guarded by the shard's lock from begin to the
// commit that ends the run; the rest is of the goroutine that runs the actor. The
// record is used again for other keys.
type actor struct {
	region  *Region
	home    *hosted
	hash    uint32
	key     []byte // of the message; borrowed until the turn is committed
	mailbox mailbox

	// The turn.
	id   uint64 // of the envelope
	sink Sink
	msg  entry.Message
	in   entry.Turn

	// What the actor holds: loaded under the lock when the turn begins.
	ref        uint32 // 0: nothing
	data       block
	expires    uint32
	flushed    bool // there is data, but a flush has ended it
	generation uint32

	// What comes of it.
	out      entry.Outcome
	details  entry.Details // if the message asks for them
	next     block         // the block to commit, if out.Effect is Stored
	reserved int64         // bytes taken from the budget for next, beyond those of data
	noMemory bool
	replied  bool
	reply    wire.Reply
}

// load prepares the turn for one envelope. The shard's lock is held, and no other
// actor of that key is running.
func (a *actor) load(e *wire.Envelope, s Sink, now int64) {
	h := a.home
	a.key, a.id, a.sink = e.Key, e.ID, s
	a.msg = entry.Message{
		Value: e.Value, Exptime: e.Exptime, Cas: e.Cas, Delta: e.Delta,
		KeyLen: len(e.Key), Flags: e.Flags, Options: entry.Options(e.Options), Op: entry.Op(e.Op),
	}
	if a.msg.Options != 0 {
		a.msg.Vivify, a.msg.Recache, a.msg.NewCas, a.msg.Initial = e.Vivify, e.Recache, e.NewCas, e.Initial
	}
	a.in.Now, a.in.MaxItem = now, a.region.opts.MaxItem
	if a.msg.Changes() {
		a.in.Unique = h.nextUnique()
	}
	h.passTime(now)
	a.generation = h.generation
	a.ref, a.data, a.expires, a.flushed = h.table.find(a.hash, e.Key), nil, 0, false
	if a.ref != 0 {
		slot := &h.table.slots[a.ref]
		a.data, a.expires = slot.data, slot.expires
		a.flushed = a.data.generation() != a.generation
	}
	a.out, a.next, a.reserved, a.noMemory, a.replied = entry.Outcome{}, nil, 0, false, false
}

// run takes turns, at most so many, until there is no mail; false if there still
// is some.
func (a *actor) run(turns int) bool {
	for range turns {
		a.turn()
		if !a.commit() {
			return true
		}
	}
	return false
}

// runAlone is the life of a busy actor's own goroutine.
func (a *actor) runAlone() {
	for !a.run(maxTurns) {
	}
}
