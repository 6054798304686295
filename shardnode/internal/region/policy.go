package region

// policy decides which entry of a shard goes when memory is short. It is told of
// each entry by its reference, and is guarded by the shard's lock.
type policy interface {
	// added is told of a new entry.
	added(ref uint32)
	// used is told of an access to an entry.
	used(ref uint32)
	// removed is told that the entry is gone; the reference may come again.
	removed(ref uint32)
	// victim is the entry that is to go first; 0 if there is none. The caller
	// calls removed, or used if it cannot go now.
	victim() uint32
}

// lru is the policy that the least recently used goes first: a ring of the
// entries in order of use, with 0 between the newest (next) and the oldest (prev).
type lru struct {
	links []link // by reference
}

type link struct{ next, prev uint32 }

func newLRU() *lru { return &lru{links: make([]link, 1)} }

func (l *lru) added(ref uint32) {
	for int(ref) >= len(l.links) {
		l.links = append(grown(l.links), link{})
	}
	l.pushFront(ref)
}

func (l *lru) used(ref uint32) {
	if l.links[0].next != ref {
		l.removed(ref)
		l.pushFront(ref)
	}
}

func (l *lru) removed(ref uint32) {
	at := l.links[ref]
	l.links[at.prev].next = at.next
	l.links[at.next].prev = at.prev
}

func (l *lru) victim() uint32 { return l.links[0].prev }

func (l *lru) pushFront(ref uint32) {
	first := l.links[0].next
	l.links[ref] = link{next: first}
	l.links[first].prev = ref
	l.links[0].next = ref
}
