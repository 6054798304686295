package entry

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is an actor told in the plainest words: memcached's protocol.txt, one rule
// after the other, over maps and strings. It has nothing in common with Step.
type model struct {
	there   bool
	value   string
	flags   uint32
	expires int64
	cas     uint64

	stale, sent, fetched bool
	accessed             int64
}

type answer struct {
	status  Status
	value   string
	number  uint64
	cas     uint64
	marks   Marks
	details Details
}

// handle answers a message; what it says of the entry with details is before a read
// and after any other message.
func (m *model) handle(msg Message, now int64, unique uint64, maxItem int) answer {
	if m.there && m.expires != 0 && m.expires <= now {
		*m = model{}
	}
	before := *m
	r := m.act(msg, now, unique, maxItem)
	if r.status == OK && m.there {
		r.cas = m.cas
	}
	reads := msg.Op == OpGet || msg.Op == OpGat
	if reads && r.status == OK && msg.Options.Has(Compare) && msg.Cas == m.cas {
		r.value, r.marks = "", r.marks|Unchanged
	}
	if m.there {
		r.details = m.describe(before, msg.Options, now)
	}
	if reads && r.status == OK && !msg.Options.Has(NoBump|Uncounted) {
		m.fetched, m.accessed = true, now
	}
	return r
}

func (m *model) describe(before model, options Options, now int64) Details {
	d := Details{Size: uint32(len(m.value))}
	if !options.Has(ShowDetails) {
		return d
	}
	expires, seen := m.expires, before
	if options.Has(LateExptime) {
		expires = before.expires
	}
	if !before.there {
		seen = *m
	}
	d.Idle = uint32(now - seen.accessed)
	if seen.fetched {
		d.Marks = Fetched
	}
	switch d.TTL = expires - now; {
	case expires == 0:
		d.TTL = -1
	case d.TTL < 0:
		d.TTL = 0
	}
	return d
}

func (m *model) act(msg Message, now int64, unique uint64, maxItem int) answer {
	value := string(msg.Value)
	if msg.Options.Has(NewCas) {
		unique = msg.NewCas
	}
	stored := model{
		there: true, value: value, flags: msg.Flags, expires: deadline(msg.Exptime, now), cas: unique, accessed: now,
	}
	made := model{there: true, expires: deadline(msg.Vivify, now), cas: unique, accessed: now}
	op := msg.Op
	if op.Stores() && (msg.Options.Has(Oversized) || overSize(msg.KeyLen, value, msg.Flags, maxItem)) {
		if op == OpSet {
			*m = model{}
		}
		return answer{status: TooLarge}
	}
	if (op == OpSet || op == OpReplace) && msg.Options.Has(Compare) {
		op = OpCas
	}
	replace := func(n model) answer { *m = n; return answer{status: OK} }
	extend := func(value string) answer {
		if msg.Options.Has(Compare) && msg.Cas != 0 && msg.Cas != m.cas {
			return answer{status: Exists}
		}
		if overSize(msg.KeyLen, value, m.flags, maxItem) {
			return answer{status: NotStored}
		}
		return replace(model{there: true, value: value, flags: m.flags, expires: m.expires, cas: unique, accessed: now})
	}
	switch {
	case op == OpSet, op == OpAdd && !m.there, op == OpReplace && m.there:
		return replace(stored)
	case op == OpAdd, op == OpReplace:
		return answer{status: NotStored}
	case !m.there && msg.Options.Has(Vivify) && (op == OpAppend || op == OpPrepend):
		made.value, made.flags = value, msg.Flags
		return replace(made)
	case !m.there && (op == OpAppend || op == OpPrepend):
		return answer{status: NotStored}
	case op == OpAppend:
		return extend(m.value + value)
	case op == OpPrepend:
		return extend(value + m.value)
	case !m.there && msg.Options.Has(Vivify) && (op == OpGet || op == OpGat):
		made.sent = true
		*m = made
		return answer{status: OK, marks: Won}
	case !m.there && msg.Options.Has(Vivify) && (op == OpIncr || op == OpDecr):
		made.value = strconv.FormatUint(msg.Initial, 10)
		*m = made
		return answer{status: OK, number: msg.Initial}
	case !m.there:
		return answer{status: NotFound}
	case op == OpGet, op == OpGat:
		return m.read(msg, now)
	case op == OpTouch:
		m.expires = deadline(msg.Exptime, now)
		return answer{status: OK}
	case op == OpCas && msg.Cas != 0 && msg.Cas == m.cas:
		return replace(stored)
	case op == OpCas && msg.Options.Has(Invalidate) && msg.Cas != 0 && msg.Cas < m.cas:
		stored.expires, stored.stale, stored.sent = m.expires, true, m.sent
		return replace(stored)
	case op == OpCas:
		return answer{status: Exists}
	case op == OpDelete:
		return m.remove(msg, now, unique)
	}
	return m.count(msg, now, unique)
}

func (m *model) read(msg Message, now int64) answer {
	r := answer{status: OK, value: m.value}
	expires := m.expires
	if msg.Op == OpGat {
		m.expires = deadline(msg.Exptime, now)
		if !msg.Options.Has(LateExptime) {
			expires = m.expires
		}
	}
	if !msg.Options.Has(Win | Vivify | Recache) {
		return r
	}
	if m.stale {
		r.marks |= Stale
	}
	soon := msg.Options.Has(Recache) && expires != 0 && expires < deadline(msg.Recache, now)
	switch {
	case m.sent:
		r.marks |= WinSent
	case m.stale || soon:
		r.marks |= Won
		m.sent = true
	}
	return r
}

func (m *model) remove(msg Message, now int64, unique uint64) answer {
	if msg.Options.Has(Compare) && msg.Cas != m.cas {
		return answer{status: Exists}
	}
	if !msg.Options.Has(Invalidate | DropValue) {
		*m = model{}
		return answer{status: OK}
	}
	if msg.Options.Has(DropValue) {
		*m = model{there: true, flags: msg.Flags, cas: m.cas, accessed: now}
	}
	if msg.Options.Has(Touch) {
		m.expires = deadline(msg.Exptime, now)
	}
	if msg.Options.Has(Invalidate) {
		m.stale, m.sent = true, false
	}
	if msg.Options.Has(Invalidate | NewCas) {
		m.cas = unique
	}
	return answer{status: OK}
}

func (m *model) count(msg Message, now int64, unique uint64) answer {
	if m.value != "" && msg.Options.Has(Compare) && msg.Cas != 0 && msg.Cas != m.cas {
		return answer{status: Exists}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(m.value), " ")
	n, err := strconv.ParseUint(first, 10, 64)
	if err != nil {
		return answer{status: NonNumeric}
	}
	if msg.Op == OpIncr {
		n += msg.Delta
	} else {
		n -= min(n, msg.Delta)
	}
	text := strconv.FormatUint(n, 10)
	if len(text) > len(m.value) {
		m.stale, m.sent, m.fetched = false, false, false
	}
	m.value = text + strings.Repeat(" ", max(0, len(m.value)-len(text)))
	m.cas, m.accessed = unique, now
	if msg.Options.Has(Touch) {
		m.expires = deadline(msg.Exptime, now)
	}
	return answer{status: OK, number: n}
}

func deadline(exptime, now int64) int64 {
	if exptime > 0 && exptime <= 60*60*24*30 {
		return exptime + now
	}
	if exptime < 0 {
		return 1
	}
	return exptime
}

func overSize(key int, value string, flags uint32, maxItem int) bool {
	size := 48 + 8 + key + 1 + len(value) + 2
	if flags > 0 {
		size += 4
	}
	return size > maxItem
}

// TestStepIsTheModel sends random messages to an actor and to the model.
func TestStepIsTheModel(t *testing.T) { rapid.Check(t, stepIsTheModel) }

// FuzzStep is the same, with messages that the fuzzer draws.
func FuzzStep(f *testing.F) { f.Fuzz(rapid.MakeFuzz(stepIsTheModel)) }

func stepIsTheModel(t *rapid.T) {
	var m model
	var a Actor
	turn := Turn{Now: 1_800_000_000, MaxItem: 72, Unique: 1000}
	for range rapid.IntRange(1, 60).Draw(t, "length") {
		turn.Now += rapid.Int64Range(0, 3).Draw(t, "seconds")
		turn.Unique++
		msg := drawMessage(t, turn.Now, m.cas)
		want := m.handle(msg, turn.Now, turn.Unique, turn.MaxItem)
		o := Step(a, &msg, &turn)
		checkOutcome(t, a, o, &msg, turn.Now)
		r := &o.Reply
		got := answer{r.Status, string(r.Value), r.Number, r.Cas, r.Marks, Describe(&a, &o, &msg, turn.Now)}
		if got != want {
			t.Fatalf("%s %q options %b: got %+v, want %+v", msg.Op, msg.Value, msg.Options, got, want)
		}
		a = o.Actor
		a.Entry.Value = append([]byte(nil), a.Entry.Value...)
		if msg.Op.Reads() && r.Status == OK && msg.Uses() {
			a.Entry.Marks, a.Entry.Accessed = a.Entry.Marks|Fetched, uint32(turn.Now)
		}
		checkSame(t, a, m)
	}
}

func drawMessage(t *rapid.T, now int64, cas uint64) Message {
	exptime := rapid.SampledFrom([]int64{0, 0, 0, -1, 1, 2, 2592000, 2592001, now, now + 1})
	return Message{
		Op:      Op(rapid.IntRange(int(OpGet), int(OpDecr)).Draw(t, "op")),
		Options: drawOptions(t),
		Value:   []byte(rapid.SampledFrom([]string{"", "0", "7", "10", "99 ", " 5", "x", "18446744073709551615", "too long", "0123456789ab"}).Draw(t, "value")),
		Flags:   rapid.Uint32Range(0, 2).Draw(t, "flags"),
		Exptime: exptime.Draw(t, "exptime"),
		Vivify:  exptime.Draw(t, "vivify"),
		Recache: exptime.Draw(t, "recache"),
		Delta:   rapid.SampledFrom([]uint64{0, 1, 2, 11, 1 << 63, 1<<64 - 1}).Draw(t, "delta"),
		Initial: rapid.SampledFrom([]uint64{0, 9, 10, 1<<64 - 1}).Draw(t, "initial"),
		Cas:     rapid.SampledFrom([]uint64{cas, cas, cas - 1, cas + 1, 0}).Draw(t, "cas"),
		NewCas:  rapid.SampledFrom([]uint64{0, 1, 5, 1 << 40, 1<<64 - 1}).Draw(t, "new cas"),
		KeyLen:  1,
	}
}

// drawOptions draws none half of the time, and mostly few.
func drawOptions(t *rapid.T) Options {
	all := Options(0)
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 6}).Draw(t, "options") {
		all |= 1 << rapid.IntRange(0, 13).Draw(t, "option")
	}
	return all & KnownOptions
}

// checkOutcome holds what is true of every step.
func checkOutcome(t *rapid.T, before Actor, o Outcome, m *Message, now int64) {
	gone := before.State == Initialized && o.Actor.State == Uninitialized
	if gone != (o.Effect == Dropped) && !o.Lapsed {
		t.Fatalf("%s to %s has effect %s", before.State, o.Actor.State, o.Effect)
	}
	if o.Lapsed != (before.State == Initialized && before.Entry.Expired(now)) {
		t.Fatalf("lapsed is %v", o.Lapsed)
	}
	if o.Effect != Stored && o.Actor.State == Initialized && o.Actor.Entry.Cas != before.Entry.Cas {
		t.Fatalf("cas changed by effect %s", o.Effect)
	}
	if o.Effect == Kept && o.Actor.State == Initialized && o.Actor.Entry.Marks != before.Entry.Marks {
		t.Fatalf("marks changed by effect %s", o.Effect)
	}
	if o.Effect == Stored && !m.Changes() && !m.Options.Has(DropValue) {
		t.Fatalf("stored by %s, which does not change", m.Op)
	}
	if o.Actor.Entry.Marks.Has(Won) {
		t.Fatal("the entry itself has won")
	}
}

func checkSame(t *rapid.T, a Actor, m model) {
	e := &a.Entry
	got := model{
		a.State == Initialized, string(e.Value), e.Flags, int64(e.Expires), e.Cas,
		e.Marks.Has(Stale), e.Marks.Has(WinSent), e.Marks.Has(Fetched), int64(e.Accessed),
	}
	if got != m {
		t.Fatalf("actor %+v, model %+v", got, m)
	}
}
