package region

import (
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Sink takes replies.
type Sink interface {
	// Reply takes the reply to one envelope for a shard. r and r.Value are valid
	// during the call only. It must not block: an actor's turn waits for it.
	Reply(shard uint32, r *wire.Reply)
}

// Deliverer brings envelopes to their actors, for one goroutine: what it delivers
// is executed in that order, key by key.
type Deliverer struct {
	region *Region
	now    Sink
	late   Sink
	actor  *actor // at rest
	clock  int64
	reply  wire.Reply
}

// NewDeliverer makes a Deliverer. Replies that are known when Deliver returns
// go to now, within that call; those to mail go to late, from any goroutine and at
// any time.
func (r *Region) NewDeliverer(now, late Sink) *Deliverer {
	return &Deliverer{region: r, now: now, late: late, actor: &actor{region: r}, clock: r.now()}
}

// Begin reads the clock for the envelopes that follow. Call it for each batch.
func (d *Deliverer) Begin() { d.clock = d.region.now() }

// Deliver brings e to its actor and returns true if it has been answered, false if
// the reply comes late. e and its slices are used during the call only. Besides e, the
// goroutine may run a bounded number of other messages for the same key.
func (d *Deliverer) Deliver(e *wire.Envelope) bool {
	to, status := d.region.admit(e)
	if status != shardv1.Status_STATUS_OK {
		d.Refuse(e, status)
		return true
	}
	if e.Op == shardv1.Op_OP_FLUSH {
		d.flush(to.home, e)
		return true
	}
	switch to.home.enter(d.actor, e, to.hash, d.clock, d.now, d.late) {
	case began:
		d.run()
		return true
	case mailed:
		return false
	case tooBusy:
		d.Refuse(e, shardv1.Status_STATUS_BUSY)
	case gone:
		d.Refuse(e, shardv1.Status_STATUS_MOVED)
	}
	return true
}

// run runs the actor; one that gets mail without end goes on in a goroutine of
// its own.
func (d *Deliverer) run() {
	busy := d.actor
	if busy.run(maxTurns) {
		return
	}
	d.actor = &actor{region: d.region}
	d.region.stray.count(BusyActors)
	d.region.busy.Go(busy.runAlone)
}

// Refuse answers e without executing it: STATUS_MOVED, STATUS_BUSY or
// STATUS_INVALID.
func (d *Deliverer) Refuse(e *wire.Envelope, status shardv1.Status) {
	d.region.refusal(&d.reply, e, status)
	d.now.Reply(e.Shard, &d.reply)
}

func (d *Deliverer) flush(h *hosted, e *wire.Envelope) {
	if !h.orderFlush(e, d.clock, d.region.started) {
		d.Refuse(e, shardv1.Status_STATUS_MOVED)
		return
	}
	d.reply = wire.Reply{ID: e.ID, Status: shardv1.Status_STATUS_OK}
	d.now.Reply(e.Shard, &d.reply)
}

// orderFlush flushes the shard; false if it is not hosted under e's epoch. A
// flush_all has an envelope for each shard: it is counted where the first shard is.
func (h *hosted) orderFlush(e *wire.Envelope, now, started int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || e.Epoch != 0 && e.Epoch != h.epoch {
		return false
	}
	h.order(e.Exptime, now, started)
	if h.id == 0 {
		h.counts[CmdFlush]++
	}
	return true
}
