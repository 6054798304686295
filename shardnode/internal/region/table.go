package region

import "bytes"

// slot is where a shard keeps one entry.
type slot struct {
	data    block // nil: the slot is free
	hash    uint32
	expires uint32 // Unix second; 0 is never. In a free slot: the next free one
}

// table is the entries of one shard, guarded by its lock. An entry is known by its
// reference, the number of its slot, from insert to remove; 0 is no entry.
type table struct {
	slots    []slot
	free     uint32 // first free slot
	index    index
	policy   policy
	expiring int   // entries that expire some time
	bytes    int64 // cost of all entries
}

func newTable() table {
	return table{slots: make([]slot, 1), policy: newLRU(), index: newIndex()}
}

func (t *table) len() int { return t.index.used }

// find is the reference of a key, 0 if there is none.
func (t *table) find(hash uint32, key []byte) uint32 {
	for at := t.index.first(hash); ; at = t.index.next(at) {
		c := t.index.cells[at]
		if c.ref == 0 || c.hash == hash && bytes.Equal(t.slots[c.ref].data.key(), key) {
			return c.ref
		}
	}
}

// insert adds an entry whose key is not there yet.
func (t *table) insert(hash uint32, data block, expires uint32) uint32 {
	ref := t.free
	if ref != 0 {
		t.free = t.slots[ref].expires
	} else {
		ref = uint32(len(t.slots))
		t.slots = append(grown(t.slots), slot{})
	}
	t.slots[ref] = slot{data: data, hash: hash}
	t.setExpires(ref, expires)
	t.bytes += data.cost()
	t.index.put(hash, ref)
	t.policy.added(ref)
	return ref
}

// grown is s with room for one more. It grows by a quarter: append would double a
// short slice, and a node has a thousand of them.
func grown[E any](s []E) []E {
	if len(s) < cap(s) {
		return s
	}
	more := make([]E, len(s), len(s)+len(s)/4+8)
	copy(more, s)
	return more
}

// replace gives an entry another block for the same key.
func (t *table) replace(ref uint32, data block, expires uint32) {
	t.bytes += data.cost() - t.slots[ref].data.cost()
	t.slots[ref].data = data
	t.setExpires(ref, expires)
}

// remove takes an entry out.
func (t *table) remove(ref uint32) {
	t.policy.removed(ref)
	t.index.remove(t.slots[ref].hash, ref)
	t.bytes -= t.slots[ref].data.cost()
	t.setExpires(ref, 0)
	t.slots[ref] = slot{expires: t.free}
	t.free = ref
}

func (t *table) setExpires(ref, expires uint32) {
	s := &t.slots[ref]
	if s.expires != 0 {
		t.expiring--
	}
	if expires != 0 {
		t.expiring++
	}
	s.expires = expires
}
