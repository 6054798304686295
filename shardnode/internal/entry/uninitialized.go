package entry

import "strconv"

// uninitialized is a turn of an actor that holds nothing.
func uninitialized(m *Message, t *Turn) Outcome {
	if m.Options.Has(Vivify) {
		if o, ok := vivify(m, t); ok {
			return o
		}
	}
	switch m.Verb() {
	case OpSet, OpAdd:
		return store(fresh(m, t), m, t)
	case OpReplace, OpAppend, OpPrepend:
		return keep(Actor{}, NotStored)
	case OpGet, OpGat, OpTouch, OpCas, OpDelete, OpIncr, OpDecr:
		return keep(Actor{}, NotFound)
	}
	panic("entry: " + m.Op.String())
}

// vivify makes the entry that a message misses; false if its operation never does.
// Who makes it by a read has won: he is to fill in the value.
func vivify(m *Message, t *Turn) (Outcome, bool) {
	e := Entry{Value: t.Scratch[:0], Expires: Expiry(m.Vivify, t.Now), Accessed: uint32(t.Now)}
	switch m.Op {
	case OpGet, OpGat:
		e.Marks = WinSent
	case OpAppend, OpPrepend:
		e.Value, e.Flags = m.Value, m.Flags
	case OpIncr, OpDecr:
		t.Scratch = strconv.AppendUint(t.Scratch[:0], m.Initial, 10)
		e.Value = t.Scratch
	case OpTouch, OpSet, OpAdd, OpReplace, OpCas, OpDelete:
		return Outcome{}, false
	}
	o := store(e, m, t)
	o.Vivified = true
	if m.Op.Reads() {
		o.Reply.Value, o.Reply.Marks = e.Value, Won
		o.Reply.omitKnown(m)
	}
	if m.Op.Counts() {
		o.Reply.Number = m.Initial
	}
	return o, true
}
