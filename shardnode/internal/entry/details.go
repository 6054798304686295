package entry

// Details are what a reply tells of an entry beside its content, if it is asked to
// (ShowDetails, and of them Size with NoValue). They are no part of Reply: most replies
// need none, and a step's cost is mostly what it copies.
type Details struct {
	// TTL is the seconds that the entry has left, -1: it never expires.
	TTL int64
	// Idle is the seconds since the last access.
	Idle uint32
	// Size is the length of the value in bytes.
	Size uint32
	// Marks is Fetched, or none.
	Marks Marks
}

// Describe tells the details that go with the outcome of a message to the actor before.
// Idle and Marks are those before the message, if there was an entry.
func Describe(before *Actor, o *Outcome, m *Message, now int64) Details {
	after := &o.Actor.Entry
	if o.Actor.State == Uninitialized {
		return Details{}
	}
	d := Details{Size: uint32(len(after.Value))}
	if !m.Options.Has(ShowDetails) {
		return d
	}
	seen, old := after, uint32(0)
	if before.State == Initialized && !o.Lapsed {
		seen, old = &before.Entry, before.Entry.Expires
	}
	d.TTL = left(after.Expires, now)
	if m.Options.Has(LateExptime) {
		d.TTL = left(old, now)
	}
	d.Idle = uint32(max(now-int64(seen.Accessed), 0))
	d.Marks = seen.Marks & Fetched
	return d
}
