package entry

// uninitialized is a turn of an actor that holds nothing.
func uninitialized(m *Message, t *Turn) Outcome {
	switch m.Op {
	case OpSet, OpAdd:
		return store(fresh(m, t), t)
	case OpReplace, OpAppend, OpPrepend:
		return keep(Actor{}, NotStored)
	case OpGet, OpGat, OpTouch, OpCas, OpDelete, OpIncr, OpDecr:
		return keep(Actor{}, NotFound)
	}
	panic("entry: " + m.Op.String())
}
