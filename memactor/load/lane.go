package load

import (
	"errors"
	"fmt"
)

// errOrder says that a reply cannot belong to the oldest unanswered command: from here on nothing on the connection can
// be matched, so it is given up.
var errOrder = errors.New("reply does not fit the command")

const (
	firstBuffer = 4 << 10
	maxIn       = 64 << 10 // except for a value that is larger
	// maxOut is how much a lane renders before it writes: with large values, a window full of sets would be gigabytes.
	maxOut = 256 << 10
)

// waiting is one command that was sent and not yet answered.
type waiting struct {
	sent  int64 // nanoseconds on the worker's clock
	op    op
	bad   bool // something wrong was counted: the command is not counted as answered well
	keys  int  // how many keys it asked for
	seen  int  // how many of them are behind us: found, or skipped as misses
	found int
}

// lane is what one connection is about: it renders commands, and holds every reply against the command that must be
// answered next. It owns no socket and no clock: bytes go in and out through two buffers.
type lane struct {
	words  words
	data   *dataset
	source source
	tally  *tally

	ring   []waiting // the window: ring[head] is the oldest of count
	keys   []uint32  // stride keys for each slot of the ring
	stride int
	head   int
	count  int
	ending bool // nothing more is sent; what is in flight is awaited

	in       []byte // received and not yet parsed: in[from:to]
	from, to int
	full     bool   // by the last read
	out      []byte // rendered; out[sent:] is not yet written
	sent     int
}

func newLane(in words, data *dataset, src source, counts *tally, window, stride int) *lane {
	return &lane{
		words:  in,
		data:   data,
		source: src,
		tally:  counts,
		ring:   make([]waiting, window),
		keys:   make([]uint32, window*stride),
		stride: stride,
		in:     make([]byte, firstBuffer),
	}
}

// fill renders commands until the window is full, and stamps them with now. It renders nothing while an earlier
// rendering waits to be written: such a connection is limited by its socket, not by its window.
func (l *lane) fill(now int64) {
	if l.sent < len(l.out) {
		return
	}
	l.out, l.sent = l.out[:0], 0
	for !l.ending && l.count < len(l.ring) && len(l.out) < maxOut {
		slot := (l.head + l.count) % len(l.ring)
		keys := l.slotKeys(slot)
		verb, n := l.source.next(keys)
		if n == 0 {
			l.ending = true
			return
		}
		l.ring[slot] = waiting{sent: now, op: verb, keys: n}
		l.render(verb, keys[:n])
		l.count++
	}
}

func (l *lane) slotKeys(slot int) []uint32 {
	return l.keys[slot*l.stride : (slot+1)*l.stride]
}

func (l *lane) render(verb op, keys []uint32) {
	switch verb {
	case opSet:
		l.out = l.words.appendSet(l.out, l.data, keys[0])
	case opGet:
		l.out = l.words.appendGet(l.out, l.data, keys)
	}
}

// unwritten is what the socket has still to take; wrote says how much it took.
func (l *lane) unwritten() []byte { return l.out[l.sent:] }
func (l *lane) wrote(n int)       { l.sent += n }

// room is where received bytes go. After a read that filled it, it is twice as large.
func (l *lane) room() []byte {
	if l.from == l.to {
		l.from, l.to = 0, 0
	}
	switch {
	case l.full && len(l.in) < maxIn:
		l.makeRoom(2 * len(l.in))
	case l.to == len(l.in):
		l.makeRoom(l.to - l.from + 1)
	}
	return l.in[l.to:]
}

// makeRoom moves what is unparsed to the front of a buffer that holds at least need bytes.
func (l *lane) makeRoom(need int) {
	into := l.in
	if len(into) < need {
		into = make([]byte, max(need, 2*len(into)))
	}
	l.to = copy(into, l.in[l.from:l.to])
	l.from, l.in = 0, into
}

// received parses n bytes that were read into room, at the time now. An error means that the connection is of no
// more use; it is counted.
func (l *lane) received(n int, now int64) error {
	l.to += n
	l.full = l.to == len(l.in)
	for l.from < l.to {
		r := parseReply(l.words, l.in[l.from:l.to])
		var err error
		if r.kind == replyIncomplete {
			if err = l.reserve(r.size); err == nil {
				return nil
			}
		} else {
			err = l.take(&r, now)
		}
		if err != nil {
			l.tally.wrong++
			l.tally.faultf("%v", err)
			return err
		}
		l.from += r.size
	}
	return nil
}

// reserve makes sure that a reply of size bytes fits behind what is parsed. A server cannot make it much larger than
// the values that are asked for.
func (l *lane) reserve(size int) error {
	if size > maxIn+len(l.data.filler) {
		return fmt.Errorf("%w: a reply of %d bytes where values have %d", errOrder, size, len(l.data.filler))
	}
	if l.from+size > len(l.in) {
		l.makeRoom(size)
	}
	return nil
}

// take holds one reply against the oldest command.
func (l *lane) take(r *reply, now int64) error {
	if l.count == 0 {
		return fmt.Errorf("%w: nothing was asked, got %q", errOrder, clip(r.line))
	}
	w := &l.ring[l.head]
	fits, last := l.words.answers(w, r.kind)
	if !fits {
		return fmt.Errorf("%w: %v %s answered by %q", errOrder, w.op, l.firstKey(), clip(r.line))
	}
	switch r.kind {
	case replyRefused:
		l.refuse(w, r)
	case replyValue:
		l.value(w, r)
	case replyMiss, replyEnd, replyStored:
	case replyIncomplete, replyGarbage: // never fit
	}
	if last {
		l.done(w, now)
	}
	return nil
}

func (l *lane) refuse(w *waiting, r *reply) {
	l.tally.refused++
	l.tally.faultf("%v %s: %s", w.op, l.firstKey(), clip(r.line))
	w.bad = true
}

// value takes a value of a get: it must be for the next of its keys, or for a later one, those between being misses.
func (l *lane) value(w *waiting, r *reply) {
	key, ok := l.keyOf(w, r)
	if ok {
		ok = l.advance(w, key)
	}
	switch {
	case !ok:
		l.wrongf(w, "get %s: %q, which is another command's key or out of order", l.firstKey(), clip(r.line))
	case !l.data.holds(key, r.value):
		l.wrongf(w, "get %s: %q, but the value (%d bytes) is not the one that was stored", l.firstKey(), clip(r.line), len(r.value))
	default:
		w.found++
	}
}

// keyOf is the key that a value is for. It goes without saying only where a single key was asked for.
func (l *lane) keyOf(w *waiting, r *reply) (uint32, bool) {
	if r.key == nil {
		return l.slotKeys(l.head)[0], w.keys == 1
	}
	return l.data.index(r.key)
}

// advance moves past key in the command's list of keys; false if it is not ahead.
func (l *lane) advance(w *waiting, key uint32) bool {
	keys := l.slotKeys(l.head)
	for i := w.seen; i < w.keys; i++ {
		if keys[i] == key {
			w.seen = i + 1
			return true
		}
	}
	return false
}

func (l *lane) wrongf(w *waiting, format string, args ...any) {
	l.tally.wrong++
	l.tally.faultf(format, args...)
	w.bad = true
}

// done counts the oldest command and removes it from the window.
func (l *lane) done(w *waiting, now int64) {
	if !w.bad {
		l.countAnswer(w)
		l.tally.answered(now - w.sent)
	}
	l.head++
	if l.head == len(l.ring) {
		l.head = 0
	}
	l.count--
}

func (l *lane) countAnswer(w *waiting) {
	if w.op == opSet {
		l.tally.sets++
		return
	}
	l.tally.gets++
	l.tally.hits += uint64(w.found)
	l.tally.misses += uint64(w.keys - w.found)
}

// end lets the lane send nothing more; idle tells when all that it sent is answered.
func (l *lane) end()       { l.ending = true }
func (l *lane) idle() bool { return l.ending && l.count == 0 }

// lost counts what will never be answered because the connection is gone.
func (l *lane) lost() {
	l.tally.unanswered += uint64(l.count)
	l.count, l.ending = 0, true
}

// oldest is when the oldest unanswered command was sent; false if there is none.
func (l *lane) oldest() (int64, bool) {
	return l.ring[l.head].sent, l.count > 0
}

func (l *lane) firstKey() []byte {
	return l.data.appendKey(nil, l.slotKeys(l.head)[0])
}

// clip keeps a message readable.
func clip(line []byte) []byte { return line[:min(len(line), 80)] }
