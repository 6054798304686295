package session

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Round is the memory of one round: what is asked, what has come, and the order of
// the answers. An idle connection needs none, so rounds may be shared by a pool.
type Round struct {
	calls   []wire.Envelope
	results []result // by call
	slots   []slot   // in the order of the answers
	bytes   int      // of values in flight, replies estimated
	reads   int      // calls whose replies hold a value
	pending atomic.Int32

	mu     sync.Mutex
	values []byte // of results, guarded by mu until the last reply

	composed int // slots that have been composed
}

// result is the reply to a call. Only the goroutine that hands it in writes it.
type result struct {
	status  shardv1.Status
	flags   uint32
	cas     uint64
	number  uint64
	message string
	size    int    // of the value
	at      int    // of the value in Round.values
	large   []byte // or the value itself, if it is larger than maxShared
	done    bool
}

// slot is one answer: a line, a VALUE block, or nothing.
type slot struct {
	verb    protocol.Verb
	err     protocol.Error // this, whatever the call's result
	noReply bool
	end     bool // of a get
	text    []byte
	call    int32 // index+1 of the call that it waits for; 0: none
}

// maxSlots bounds a round of commands that need no call.
const maxSlots = 4096

func (r *Round) full(l *Limits) bool {
	return len(r.calls) >= l.Window || r.bytes >= l.WindowBytes || len(r.slots) >= maxSlots ||
		r.reads > 0 && (r.reads+1)*l.MaxItem > l.HoldBytes
}

// answer adds a slot that waits for nothing.
func (r *Round) answer(s slot) { r.slots = append(r.slots, s) }

// ask adds a call and the slot that waits for it.
func (r *Round) ask(e wire.Envelope, s slot) {
	r.calls = append(r.calls, e)
	r.results = append(r.results, result{})
	r.bytes += len(e.Value)
	s.call = int32(len(r.calls))
	r.slots = append(r.slots, s)
	r.pending.Add(1)
}

// call adds a command with one key.
func (r *Round) call(cmd *protocol.Command, op shardv1.Op, value []byte) {
	r.ask(wire.Envelope{
		Op: op, Key: cmd.Key, Value: value, Flags: cmd.Flags, Exptime: cmd.Exptime, Cas: cmd.Cas, Delta: cmd.Delta,
	}, slot{verb: cmd.Verb, noReply: cmd.NoReply})
}

// read adds one key of a get.
func (r *Round) read(g *get, key []byte, estimate int) {
	r.ask(wire.Envelope{Op: opOf(g.verb), Key: key, Exptime: g.exptime}, slot{verb: g.verb})
	r.bytes += estimate
	r.reads++
}

// refuseStore answers a value that is too large. A set that fails takes the old
// value with it, as in memcached: a client may not go on reading what it replaced.
func (r *Round) refuseStore(cmd *protocol.Command) {
	s := slot{err: protocol.ErrTooLarge, noReply: cmd.NoReply}
	if cmd.Verb != protocol.VerbSet {
		r.answer(s)
		return
	}
	r.ask(wire.Envelope{Op: shardv1.Op_OP_DELETE, Key: cmd.Key}, s)
}

// reply takes the reply to call i, and tells whether it was the last.
func (r *Round) reply(i int, rep *wire.Reply) bool {
	res := &r.results[i]
	*res = result{
		status: rep.Status, flags: rep.Flags, cas: rep.Cas, number: rep.Number, message: rep.Message,
		size: len(rep.Value), done: true,
	}
	switch {
	case len(rep.Value) > maxShared:
		res.large = bytes.Clone(rep.Value)
	case len(rep.Value) > 0:
		r.mu.Lock()
		res.at = len(r.values)
		r.values = append(r.values, rep.Value...)
		r.mu.Unlock()
	}
	return r.pending.Add(-1) == 0
}

// maxShared is the largest value in bytes that shares memory with others. That
// memory grows by doubling; a larger value gets what it needs.
const maxShared = 16 << 10

func (r *Round) value(res *result) []byte {
	if res.large != nil {
		return res.large
	}
	return r.values[res.at : res.at+res.size]
}

// oldest is the state of the oldest answer that is not there yet; false: all are.
func (r *Round) oldest() (State, bool) {
	for i := range r.slots {
		s := &r.slots[i]
		if s.call == 0 || r.results[s.call-1].done {
			continue
		}
		if isGet(s.verb) {
			return WaitingForGetResponse, true
		}
		return WaitingForResponse, true
	}
	return 0, false
}

func isGet(v protocol.Verb) bool {
	return v == protocol.VerbGet || v == protocol.VerbGets || v == protocol.VerbGat || v == protocol.VerbGats
}

// Empty tells whether there is nothing to deliver and nothing to compose.
func (r *Round) Empty() bool { return len(r.slots) == 0 }

// maxKept is the largest memory of values in bytes that a round keeps for its next use.
const maxKept = 256 << 10

// Reset makes the round ready for the next, without references to buffers.
func (r *Round) Reset() {
	clear(r.calls)
	clear(r.slots)
	clear(r.results)
	r.calls, r.results, r.slots = r.calls[:0], r.results[:0], r.slots[:0]
	r.bytes, r.reads, r.composed = 0, 0, 0
	r.values = r.values[:0]
	if cap(r.values) > maxKept {
		r.values = nil
	}
}
