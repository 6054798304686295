package client

// table holds the calls that wait for a reply. A call's index in it is the
// correlation id of its envelope, so that a reply is found without a map. An index
// is free again only when the reply has come or the stream is gone.
type table struct {
	calls []call
	used  []bool
	free  []uint32
}

func (t *table) put(c call) uint64 {
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.calls[i], t.used[i] = c, true
		return uint64(i)
	}
	t.calls, t.used = append(t.calls, c), append(t.used, true)
	return uint64(len(t.calls) - 1)
}

// take removes the call with that id; false if there is none.
func (t *table) take(id uint64) (call, bool) {
	if id >= uint64(len(t.calls)) || !t.used[id] {
		return call{}, false
	}
	c := t.calls[id]
	t.calls[id], t.used[id] = call{}, false
	t.free = append(t.free, uint32(id))
	return c, true
}

// live calls f for each call; f may change it.
func (t *table) live(f func(*call)) {
	for i := range t.calls {
		if t.used[i] {
			f(&t.calls[i])
		}
	}
}

// drain empties the table.
func (t *table) drain() []call {
	var all []call
	t.live(func(c *call) { all = append(all, *c) })
	*t = table{}
	return all
}
