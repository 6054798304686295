package session

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/memactor/memactor/gateway/internal/protocol"
	"github.com/memactor/memactor/protos/wire"
)

// Round is the memory of one round: what is asked, what has come, and the order of
// the answers. An idle connection needs none, so rounds may be shared by a pool.
type Round struct {
	command protocol.Command // the one being read, or the round's barrier
	calls   []wire.Envelope
	results []result // by call
	slots   []slot   // in the order of the answers
	bytes   int      // of values in flight, replies estimated
	reads   int      // calls whose replies hold a value
	// commands counts those that were begun, one that waits for its block each time.
	commands int
	pending  atomic.Int32

	mu     sync.Mutex
	values []byte // of results, guarded by mu until the last reply

	composed int // slots that have been composed
}

// result is the reply to a call. Only the goroutine that hands it in writes it.
type result struct {
	wire.Reply     // Value only if it is larger than maxShared, before Round.result
	size       int // of the value
	at         int // of the value in Round.values
	done       bool
}

// slot is one answer: a line, a VALUE block, or nothing.
type slot struct {
	answer protocol.Answer
	call   int32 // index+1 of the call that it waits for; 0: none
	many   bool  // one of the keys of a command
	end    bool  // of such a command
}

// maxSlots bounds a round of commands that need no call.
const maxSlots = 4096

func (r *Round) full(l *Limits) bool {
	return r.commands >= l.Commands || len(r.calls) >= l.Window || r.bytes >= l.WindowBytes || len(r.slots) >= maxSlots ||
		r.reads > 0 && (r.reads+1)*l.MaxItem > l.HoldBytes
}

// answer adds a slot that waits for nothing.
func (r *Round) answer(a protocol.Answer) { r.slots = append(r.slots, slot{answer: a}) }

// ask adds a call and the slot that waits for it.
func (r *Round) ask(e *wire.Envelope, s slot) {
	r.calls = append(r.calls, *e)
	r.results = append(r.results, result{})
	r.bytes += len(e.Value)
	s.call = int32(len(r.calls))
	r.slots = append(r.slots, s)
	r.pending.Add(1)
}

// call adds the command. estimate is the size of the value that its reply may bring.
func (r *Round) call(estimate int) {
	cmd := &r.command
	r.ask(&cmd.Envelope, slot{answer: cmd.Answer})
	if cmd.Reads {
		r.awaitValue(estimate)
	}
}

// read adds one of many keys.
func (r *Round) read(g *get, key []byte, estimate int) {
	r.ask(&wire.Envelope{Op: g.op, Key: key, Exptime: g.exptime}, slot{answer: g.answer, many: true})
	r.awaitValue(estimate)
}

func (r *Round) awaitValue(estimate int) {
	r.bytes += estimate
	r.reads++
}

// reply takes the reply to call i, and tells whether it was the last.
func (r *Round) reply(i int, rep *wire.Reply) bool {
	res := &r.results[i]
	*res = result{Reply: *rep, size: len(rep.Value), done: true}
	res.Value = nil
	switch {
	case len(rep.Value) > maxShared:
		res.Value = bytes.Clone(rep.Value)
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

// result is the whole reply to a slot's call. All replies must be there.
func (r *Round) result(call int32) *result {
	res := &r.results[call-1]
	if res.Value == nil {
		res.Value = r.values[res.at : res.at+res.size]
	}
	return res
}

// oldest is the state of the oldest answer that is not there yet; false: all are.
func (r *Round) oldest() (State, bool) {
	for i := range r.slots {
		s := &r.slots[i]
		if s.call == 0 || r.results[s.call-1].done {
			continue
		}
		if s.many {
			return WaitingForGetResponse, true
		}
		return WaitingForResponse, true
	}
	return 0, false
}

// Commands is how many commands the round executes.
func (r *Round) Commands() int { return r.commands }

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
	r.command.Forget()
	r.bytes, r.reads, r.composed, r.commands = 0, 0, 0, 0
	r.values = r.values[:0]
	if cap(r.values) > maxKept {
		r.values = nil
	}
}
