package entry

// initialized is a turn of an actor that holds an entry.
func initialized(a Actor, m *Message, t *Turn) Outcome {
	switch m.Verb() {
	case OpGet, OpGat:
		if m.Op == OpGat || m.Options.Has(Win|Vivify|Recache|Compare) {
			return readAndChange(a, m, t)
		}
		return read(a)
	case OpTouch:
		return touch(a, m, t)
	case OpSet, OpReplace:
		return store(fresh(m, t), m, t)
	case OpAdd:
		return keep(a, NotStored)
	case OpAppend:
		return join(a, a.Entry.Value, m.Value, m, t)
	case OpPrepend:
		return join(a, m.Value, a.Entry.Value, m, t)
	case OpCas:
		return compareAndStore(a, m, t)
	case OpDelete:
		return remove(a, m, t)
	case OpIncr, OpDecr:
		return count(a, m, t)
	}
	panic("entry: " + m.Op.String())
}

func read(a Actor) Outcome {
	return Outcome{Actor: a, Reply: Reply{
		Status: OK, Value: a.Entry.Value, Flags: a.Entry.Flags, Cas: a.Entry.Cas,
	}}
}

func readAndChange(a Actor, m *Message, t *Turn) Outcome {
	o := read(a)
	if m.Op == OpGat {
		o.Actor.Entry.Expires, o.Effect = Expiry(m.Exptime, t.Now), Touched
	}
	if m.Options.Has(Win | Vivify | Recache) {
		win(&o, &a.Entry, m, t)
	}
	o.Reply.omitKnown(m)
	return o
}

// omitKnown leaves the value out for a reader who has it already.
func (r *Reply) omitKnown(m *Message) {
	if m.Options.Has(Compare) && m.Cas == r.Cas {
		r.Value, r.Marks = nil, r.Marks|Unchanged
	}
}

// touch changes the expiry and not the cas unique.
func touch(a Actor, m *Message, t *Turn) Outcome {
	a.Entry.Expires = Expiry(m.Exptime, t.Now)
	return Outcome{Actor: a, Effect: Touched, Reply: Reply{Status: OK, Cas: a.Entry.Cas}}
}

// join is append and prepend: flags and expiry stay the entry's. A result that is
// too large is "not stored" in memcached, and the old value stays.
func join(a Actor, head, tail []byte, m *Message, t *Turn) Outcome {
	e := a.Entry
	switch {
	case m.differs(&e):
		return keep(a, Exists)
	case ItemSize(m.KeyLen, len(head)+len(tail), e.Flags) > t.MaxItem:
		return keep(a, NotStored)
	}
	t.Scratch = append(append(t.Scratch[:0], head...), tail...)
	e.Value, e.Accessed, e.Marks = t.Scratch, uint32(t.Now), 0
	return store(e, m, t)
}

// compareAndStore stores if the entry is still the one that the sender has seen. One
// that has seen an earlier entry may store it as a stale one, with Invalidate: it is
// better than what it replaces, but whoever was to make it anew still is. cas unique 0
// is no entry's here, though E0 can give it to one.
func compareAndStore(a Actor, m *Message, t *Turn) Outcome {
	e := fresh(m, t)
	switch {
	case m.Cas == 0:
		return keep(a, Exists)
	case m.Cas == a.Entry.Cas:
	case m.Options.Has(Invalidate) && m.Cas < a.Entry.Cas:
		e.Expires, e.Marks = a.Entry.Expires, Stale|a.Entry.Marks&WinSent
	default:
		return keep(a, Exists)
	}
	return store(e, m, t)
}

// differs tells whether the message is for another cas unique than the entry's;
// append, prepend, incr and decr take 0 for any.
func (m *Message) differs(e *Entry) bool {
	return m.Options.Has(Compare) && m.Cas != 0 && m.Cas != e.Cas
}
