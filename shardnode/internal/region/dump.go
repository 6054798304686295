package region

import (
	"bytes"
	"context"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// Metadata is an entry without its value.
type Metadata struct {
	// Key is valid until the Dump goes on.
	Key []byte
	// Expires and Accessed are Unix seconds; 0 is never.
	Expires, Accessed int64
	Cas               uint64
	// Size is that of the value in bytes.
	Size    int
	Flags   uint32
	Fetched bool
}

const (
	// dumpBatch is how many entries a Dump collects before it gives them away.
	dumpBatch = 256
	// askPause is how long a full mailbox is left alone.
	askPause = time.Millisecond
)

// Dump lists all entries, for one goroutine. One that is there from the beginning to the
// end comes exactly once; one that comes or goes meanwhile may come or not.
type Dump struct {
	walk   walk
	batch  []Metadata
	keys   []byte // of batch
	busy   [][]byte
	asker  *Deliverer
	answer answer
}

// NewDump begins a dump of the shards that are hosted now.
func (r *Region) NewDump() *Dump {
	d := &Dump{walk: r.walk(), answer: make(answer, 1)}
	d.asker = r.NewDeliverer(d.answer, d.answer)
	return d
}

// Next is some of the entries that are left, valid until the next call; none at the
// end. No lock is held between two calls. The only errors are those of ctx.
func (d *Dump) Next(ctx context.Context) ([]Metadata, error) {
	d.batch, d.keys = d.batch[:0], d.keys[:0]
	for !d.walk.done() && len(d.batch) < dumpBatch {
		h := d.walk.step(d.visit)
		if err := d.askBusy(ctx, h); err != nil {
			return nil, err
		}
	}
	return d.batch, ctx.Err()
}

func (d *Dump) visit(s *slot, busy bool) {
	if busy {
		d.busy = append(d.busy, bytes.Clone(s.data.key()))
		return
	}
	d.add(s.metadata())
}

// metadata is borrowed from the slot.
func (s *slot) metadata() Metadata {
	e := s.data.actor(s.expires).Entry
	return Metadata{
		Key: s.data.key(), Expires: int64(e.Expires), Accessed: int64(e.Accessed),
		Cas: e.Cas, Size: len(e.Value), Flags: e.Flags, Fetched: e.Marks.Has(entry.Fetched),
	}
}

// add collects an entry, with a copy of its key.
func (d *Dump) add(m Metadata) {
	at := len(d.keys)
	d.keys = append(d.keys, m.Key...)
	m.Key = d.keys[at:len(d.keys):len(d.keys)]
	d.batch = append(d.batch, m)
}

// askBusy asks the actors that were running for what they hold.
func (d *Dump) askBusy(ctx context.Context, h *hosted) error {
	for _, key := range d.busy {
		r, err := d.ask(ctx, h, key)
		if err != nil {
			return err
		}
		if r.Status == shardv1.Status_STATUS_OK {
			d.add(d.described(key, &r))
		}
	}
	d.busy = d.busy[:0]
	return nil
}

// ask asks one actor, until its mailbox takes the question.
func (d *Dump) ask(ctx context.Context, h *hosted, key []byte) (wire.Reply, error) {
	const look = shardv1.Option_OPTION_UNCOUNTED | shardv1.Option_OPTION_DETAILS | shardv1.Option_OPTION_NO_VALUE
	for {
		d.asker.Begin()
		d.asker.Deliver(&wire.Envelope{Op: shardv1.Op_OP_GET, Shard: h.id, Key: key, Options: uint32(look)})
		select {
		case r := <-d.answer:
			if r.Status != shardv1.Status_STATUS_BUSY {
				return r, nil
			}
		case <-ctx.Done():
			// The answer may still come: it goes into a channel that nobody reads.
			return wire.Reply{}, ctx.Err()
		}
		if err := pause(ctx, askPause); err != nil {
			return wire.Reply{}, err
		}
	}
}

// described is the entry of a key as its actor has described it.
func (d *Dump) described(key []byte, r *wire.Reply) Metadata {
	now := d.walk.region.now()
	m := Metadata{
		Key: key, Accessed: now - int64(r.Idle), Cas: r.Cas, Size: int(r.Size), Flags: r.Flags,
		Fetched: r.Has(shardv1.Mark_MARK_FETCHED),
	}
	if r.TTL >= 0 {
		m.Expires = now + r.TTL
	}
	return m
}

// answer is the Sink of one question at a time.
type answer chan wire.Reply

func (a answer) Reply(_ uint32, r *wire.Reply) {
	a <- wire.Reply{
		Status: r.Status, Flags: r.Flags, Cas: r.Cas, Marks: r.Marks, TTL: r.TTL, Idle: r.Idle, Size: r.Size,
	}
}

// pause waits for a time or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
