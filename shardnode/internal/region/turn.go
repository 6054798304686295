package region

import (
	"fmt"
	"runtime/debug"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// turn lets the actor handle its message and answers it. No lock is held. What
// has to change in the shard is left to commit; until then the actor is running,
// so that nobody can see the key between the reply and the change.
func (a *actor) turn() {
	defer a.recovered()
	before := a.state()
	a.out = a.region.step(before, &a.msg, &a.in)
	if a.msg.Options.Has(entry.ShowDetails | entry.NoValue) {
		a.details = entry.Describe(&before, &a.out, &a.msg, a.in.Now)
	}
	if a.flushed && a.out.Effect == entry.Kept {
		a.out.Effect = entry.Dropped
	}
	a.prepare()
	a.access()
	a.answer()
	a.report()
}

// state is the actor at rest that the message meets.
func (a *actor) state() entry.Actor {
	if a.data == nil || a.flushed {
		return entry.Actor{}
	}
	return a.data.actor(a.expires)
}

// prepare writes the entry that is to be stored: over the old one where it
// fits, else into a block of its own. a.next is set when it is written.
func (a *actor) prepare() {
	if a.out.Effect != entry.Stored {
		return
	}
	e := &a.out.Actor.Entry
	next := a.data
	if !next.fits(len(a.key), len(e.Value)) {
		if next = a.allocate(len(e.Value)); next == nil {
			a.refuse()
			return
		}
	}
	next = next.resized(len(e.Value))
	next.fill(e, a.generation)
	a.next = next
}

// allocate is a block for the key and a value of this length, within the memory
// limit; nil if nothing more can be evicted for it.
func (a *actor) allocate(value int) block {
	if int64(blockHeader+len(a.key)+value+entryOverhead) > a.region.budget.limit.Load() {
		return nil
	}
	b := newBlock(a.key, value)
	more := b.cost() - a.data.cost()
	if more > 0 && !a.region.reserve(more, a.home, a.in.Now) {
		return nil
	}
	a.reserved = more
	return b
}

// refuse is the outcome if there is no memory. As in memcached, a set ends the old
// entry then, and other operations leave it; a read that was to make the entry is a
// miss.
func (a *actor) refuse() {
	a.noMemory = !a.msg.Op.Reads()
	if a.msg.Op.Reads() {
		a.out.Reply, a.details = entry.Reply{Status: entry.NotFound}, entry.Details{}
	}
	ended := a.msg.Op == entry.OpSet || a.out.Lapsed || a.flushed
	a.out.Effect = entry.Kept
	if ended && a.data != nil {
		a.out.Effect = entry.Dropped
	}
}

// access notes in the block that it was read, and what the read has changed.
func (a *actor) access() {
	if a.out.Reply.Status != entry.OK {
		return
	}
	switch a.msg.Op {
	case entry.OpGet, entry.OpGat, entry.OpTouch:
		b := a.data
		if a.next != nil {
			b = a.next
		}
		if a.out.Effect == entry.Touched {
			b.mark(a.out.Actor.Entry.Marks)
		}
		if a.msg.Uses() {
			b.access(uint32(a.in.Now))
		}
	case entry.OpSet, entry.OpAdd, entry.OpReplace, entry.OpAppend, entry.OpPrepend, entry.OpCas,
		entry.OpDelete, entry.OpIncr, entry.OpDecr:
	}
}

// answer gives the reply to the sink. The value in it is the block's, which is the
// reason to answer before the commit.
func (a *actor) answer() {
	r := &a.out.Reply
	a.reply = wire.Reply{
		ID: a.id, Status: shardv1.Status(r.Status), Value: r.Value, Flags: r.Flags, Cas: r.Cas, Number: r.Number,
		Marks: uint32(r.Marks),
	}
	if a.msg.Options.Has(entry.ShowDetails | entry.NoValue) {
		a.tell(&a.details)
	}
	if a.noMemory {
		a.reply = wire.Reply{ID: a.id, Status: shardv1.Status_STATUS_NO_MEMORY}
	}
	a.send()
}

// tell adds the details to the reply.
func (a *actor) tell(d *entry.Details) {
	if a.msg.Options.Has(entry.NoValue) {
		a.reply.Value = nil
	}
	a.reply.Marks |= uint32(d.Marks)
	a.reply.TTL, a.reply.Idle, a.reply.Size = d.TTL, uint64(d.Idle), uint64(d.Size)
}

func (a *actor) send() {
	a.sink.Reply(a.home.id, &a.reply)
	a.replied = true
}

// recovered ends a turn that panicked. The actor and all others live on: what was
// fully written is committed, otherwise the entry stays as it was.
func (a *actor) recovered() {
	reason := recover()
	if reason == nil {
		return
	}
	a.region.stray.count(Panics)
	a.region.opts.Log.Error().Str("panic", fmt.Sprint(reason)).Stringer("op", a.msg.Op).
		Uint32("shard", a.home.id).Bytes("stack", debug.Stack()).Msg("turn panicked")
	if a.next == nil && a.out.Effect == entry.Stored {
		a.region.budget.give(max(a.reserved, 0))
		a.out.Effect = entry.Kept
	}
	if !a.replied {
		a.reply = wire.Reply{ID: a.id, Status: shardv1.Status_STATUS_INTERNAL, Message: fmt.Sprintf("turn failed: %v", reason)}
		a.send()
	}
}
