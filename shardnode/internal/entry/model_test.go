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
}

type answer struct {
	status Status
	value  string
	number uint64
}

func (m *model) handle(msg Message, now int64, unique uint64, maxItem int) answer {
	if m.there && m.expires != 0 && m.expires <= now {
		*m = model{}
	}
	value := string(msg.Value)
	stored := model{true, value, msg.Flags, deadline(msg.Exptime, now), unique}
	if msg.Op.Stores() && overSize(msg.KeyLen, value, msg.Flags, maxItem) {
		if msg.Op == OpSet {
			*m = model{}
		}
		return answer{status: TooLarge}
	}
	replace := func(n model) answer { *m = n; return answer{status: OK} }
	extend := func(value string) answer {
		if !m.there || overSize(msg.KeyLen, value, m.flags, maxItem) {
			return answer{status: NotStored}
		}
		return replace(model{true, value, m.flags, m.expires, unique})
	}
	switch {
	case msg.Op == OpSet, msg.Op == OpAdd && !m.there, msg.Op == OpReplace && m.there:
		return replace(stored)
	case msg.Op == OpAdd, msg.Op == OpReplace:
		return answer{status: NotStored}
	case msg.Op == OpAppend:
		return extend(m.value + value)
	case msg.Op == OpPrepend:
		return extend(value + m.value)
	case !m.there:
		return answer{status: NotFound}
	case msg.Op == OpGet:
		return answer{status: OK, value: m.value}
	case msg.Op == OpGat, msg.Op == OpTouch:
		m.expires = deadline(msg.Exptime, now)
		if msg.Op == OpTouch {
			return answer{status: OK}
		}
		return answer{status: OK, value: m.value}
	case msg.Op == OpCas && m.cas != msg.Cas:
		return answer{status: Exists}
	case msg.Op == OpCas:
		return replace(stored)
	case msg.Op == OpDelete:
		return replace(model{})
	}
	return m.count(msg, unique)
}

func (m *model) count(msg Message, unique uint64) answer {
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
	m.value = text + strings.Repeat(" ", max(0, len(m.value)-len(text)))
	m.cas = unique
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
func TestStepIsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m model
		var a Actor
		turn := Turn{Now: 1_800_000_000, MaxItem: 72}
		for range rapid.IntRange(1, 60).Draw(t, "length") {
			turn.Now += rapid.Int64Range(0, 3).Draw(t, "seconds")
			turn.Unique++
			msg := drawMessage(t, turn.Now, m.cas)
			want := m.handle(msg, turn.Now, turn.Unique, turn.MaxItem)
			o := Step(a, &msg, &turn)
			checkOutcome(t, a, o, turn.Now)
			got := answer{o.Reply.Status, string(o.Reply.Value), o.Reply.Number}
			if got != want {
				t.Fatalf("%s %q: got %+v, want %+v", msg.Op, msg.Value, got, want)
			}
			a = o.Actor
			a.Entry.Value = append([]byte(nil), a.Entry.Value...)
			checkSame(t, a, m)
		}
	})
}

func drawMessage(t *rapid.T, now int64, cas uint64) Message {
	return Message{
		Op:      Op(rapid.IntRange(int(OpGet), int(OpDecr)).Draw(t, "op")),
		Value:   []byte(rapid.SampledFrom([]string{"", "0", "7", "10", "99 ", " 5", "x", "18446744073709551615", "too long", "0123456789ab"}).Draw(t, "value")),
		Flags:   rapid.Uint32Range(0, 2).Draw(t, "flags"),
		Exptime: rapid.SampledFrom([]int64{0, 0, 0, -1, 1, 2, 2592000, 2592001, now, now + 1}).Draw(t, "exptime"),
		Delta:   rapid.SampledFrom([]uint64{0, 1, 2, 11, 1 << 63, 1<<64 - 1}).Draw(t, "delta"),
		Cas:     cas - rapid.Uint64Range(0, 1).Draw(t, "stale"),
		KeyLen:  1,
	}
}

// checkOutcome holds what is true of every step.
func checkOutcome(t *rapid.T, before Actor, o Outcome, now int64) {
	gone := before.State == Initialized && o.Actor.State == Uninitialized
	if gone != (o.Effect == Dropped) && !o.Lapsed {
		t.Fatalf("%s to %s has effect %s", before.State, o.Actor.State, o.Effect)
	}
	if o.Lapsed != (before.State == Initialized && before.Entry.Expired(now)) {
		t.Fatalf("lapsed is %v", o.Lapsed)
	}
	if o.Effect == Stored && o.Actor.Entry.Cas <= before.Entry.Cas {
		t.Fatalf("cas %d after %d", o.Actor.Entry.Cas, before.Entry.Cas)
	}
	if o.Effect != Stored && o.Actor.State == Initialized && o.Actor.Entry.Cas != before.Entry.Cas {
		t.Fatalf("cas changed by effect %s", o.Effect)
	}
}

func checkSame(t *rapid.T, a Actor, m model) {
	got := model{a.State == Initialized, string(a.Entry.Value), a.Entry.Flags, a.Entry.Expires, a.Entry.Cas}
	if got != m {
		t.Fatalf("actor %+v, model %+v", got, m)
	}
}
