package entry

// initialized is a turn of an actor that holds an entry.
func initialized(a Actor, m *Message, t *Turn) Outcome {
	switch m.Op {
	case OpGet:
		return read(a)
	case OpGat:
		return read(touch(a, m, t).Actor).as(Touched)
	case OpTouch:
		return touch(a, m, t)
	case OpSet, OpReplace:
		return store(fresh(m, t), t)
	case OpAdd:
		return keep(a, NotStored)
	case OpAppend:
		return join(a, a.Entry.Value, m.Value, m, t)
	case OpPrepend:
		return join(a, m.Value, a.Entry.Value, m, t)
	case OpCas:
		return compareAndStore(a, m, t)
	case OpDelete:
		return Outcome{Effect: Dropped, Reply: Reply{Status: OK}}
	case OpIncr, OpDecr:
		return count(a, m, t)
	}
	panic("entry: " + m.Op.String())
}

func (o Outcome) as(e Effect) Outcome {
	o.Effect = e
	return o
}

func read(a Actor) Outcome {
	return Outcome{Actor: a, Reply: Reply{
		Status: OK, Value: a.Entry.Value, Flags: a.Entry.Flags, Cas: a.Entry.Cas,
	}}
}

// touch changes the expiry and not the cas unique.
func touch(a Actor, m *Message, t *Turn) Outcome {
	a.Entry.Expires = Expiry(m.Exptime, t.Now)
	return keep(a, OK).as(Touched)
}

// join is append and prepend: flags and expiry stay the entry's. A result that is
// too large is "not stored" in memcached, and the old value stays.
func join(a Actor, head, tail []byte, m *Message, t *Turn) Outcome {
	e := a.Entry
	if ItemSize(m.KeyLen, len(head)+len(tail), e.Flags) > t.MaxItem {
		return keep(a, NotStored)
	}
	t.Scratch = append(append(t.Scratch[:0], head...), tail...)
	e.Value = t.Scratch
	return store(e, t)
}

func compareAndStore(a Actor, m *Message, t *Turn) Outcome {
	if m.Cas != a.Entry.Cas {
		return keep(a, Exists)
	}
	return store(fresh(m, t), t)
}
