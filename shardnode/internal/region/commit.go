package region

import (
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// commit makes the outcome of the turn the state of the shard, and prepares the
// next turn if there is mail; false if there is none: the actor is at rest then,
// and the record free.
func (a *actor) commit() bool {
	if cap(a.in.Scratch) > maxScratch {
		a.in.Scratch = nil
	}
	h := a.home
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		a.abandon()
	} else {
		a.apply()
		a.tally(&h.counts)
	}
	if a.mailbox.len() == 0 {
		h.rest(a)
		return false
	}
	m := a.region.take(&a.mailbox)
	a.load(&m.env, m.sink, a.region.now())
	return true
}

// abandon ends a turn in a shard that went away meanwhile.
func (a *actor) abandon() {
	a.region.budget.give(max(a.reserved, 0))
	var c Counts
	a.tally(&c)
	a.region.stray.add(&c)
}

// apply changes the shard's table by the outcome's effect.
func (a *actor) apply() {
	t := &a.home.table
	switch a.out.Effect {
	case entry.Kept:
	case entry.Touched:
		t.setExpires(a.ref, a.out.Actor.Entry.Expires)
		a.reclaim()
	case entry.Stored:
		if a.out.Lapsed || a.flushed {
			a.home.counts[Reclaimed]++
		}
		a.store(t)
		a.reclaim()
	case entry.Dropped:
		a.drop()
	}
	if a.ref != 0 && a.msg.Uses() {
		t.policy.used(a.ref)
	}
	if a.home.bytes.Load() != t.bytes {
		a.home.bytes.Store(t.bytes) // a locked instruction, which reads need not pay
	}
}

func (a *actor) store(t *table) {
	expires := a.out.Actor.Entry.Expires
	if a.reserved < 0 {
		a.region.budget.give(-a.reserved)
	}
	if a.ref == 0 {
		a.ref = t.insert(a.hash, a.next, expires)
	} else {
		t.replace(a.ref, a.next, expires)
	}
}

func (a *actor) drop() {
	a.region.budget.give(a.home.drop(a.ref))
	a.ref = 0
}

// reclaim drops an entry that has ended before anybody could read it: stored with an
// exptime in the past, or flushed during the turn.
func (a *actor) reclaim() {
	s := &a.home.table.slots[a.ref]
	if !a.home.ended(s, a.in.Now) {
		return
	}
	a.home.counts[Reclaimed]++
	a.home.countUnfetched(s, ExpiredUnfetched)
	a.drop()
}

// tally counts the turn under memcached's names.
func (a *actor) tally(c *Counts) {
	if a.uncounted() {
		return
	}
	if a.out.Lapsed {
		c[GetExpired]++
	}
	if a.flushed {
		c[GetFlushed]++
	}
	status := a.out.Reply.Status
	switch a.counted() {
	case entry.OpGet:
		c[CmdGet]++
		c.either(status, GetHits, GetMisses)
	case entry.OpGat, entry.OpTouch:
		c[CmdTouch]++
		c.either(status, TouchHits, TouchMisses)
	case entry.OpSet, entry.OpAdd, entry.OpReplace, entry.OpAppend, entry.OpPrepend, entry.OpCas:
		a.tallyStore(c, status)
	case entry.OpDelete:
		a.tallyDelete(c, status)
	case entry.OpIncr:
		a.tallyCount(c, IncrHits, IncrMisses)
	case entry.OpDecr:
		a.tallyCount(c, DecrHits, DecrMisses)
	}
	if a.linked() {
		c[TotalItems]++
	}
}

// linked tells whether memcached would have made a new item: always when
// something is stored, save for a count within the length of the old value.
func (a *actor) linked() bool {
	inPlace := !a.msg.Op.Stores() && !a.out.Vivified && len(a.next) == len(a.data)
	return a.out.Effect == entry.Stored && !inPlace
}

// counted is the operation that the turn is counted as. mg with T that misses is a
// get in memcached, other than gat.
func (a *actor) counted() entry.Op {
	if a.msg.Op == entry.OpGat && a.msg.Options.Has(entry.Win) && a.out.Reply.Status != entry.OK {
		return entry.OpGet
	}
	return a.msg.Verb()
}

// tallyDelete counts a delete. As in memcached, one of another version is a miss, and
// one that only invalidates is nothing.
func (a *actor) tallyDelete(c *Counts, status entry.Status) {
	switch {
	case status == entry.Exists:
		c[DeleteMisses]++
	case status == entry.OK && a.msg.Options.Has(entry.Invalidate):
	default:
		c.either(status, DeleteHits, DeleteMisses)
	}
}

// tallyCount counts incr or decr; one that made the number is neither hit nor miss.
func (a *actor) tallyCount(c *Counts, hit, miss Counter) {
	if !a.out.Vivified {
		c.either(a.out.Reply.Status, hit, miss)
	}
}

// tallyStore counts a storage command; those without room are no cmd_set.
func (a *actor) tallyStore(c *Counts, status entry.Status) {
	switch {
	case status == entry.TooLarge:
		c[StoreTooLarge]++
		return
	case a.noMemory:
		c[StoreNoMemory]++
		return
	}
	c[CmdSet]++
	if a.msg.Verb() != entry.OpCas {
		return
	}
	c.either(status, CasHits, CasMisses)
	if status == entry.Exists {
		c[CasBadval]++
	}
}

// either counts success or a miss.
func (c *Counts) either(s entry.Status, hit, miss Counter) {
	switch s {
	case entry.OK:
		c[hit]++
	case entry.NotFound:
		c[miss]++
	case entry.NotStored, entry.Exists, entry.NonNumeric, entry.TooLarge:
	}
}
