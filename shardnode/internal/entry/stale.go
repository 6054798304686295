package entry

// An entry that is dear to make is not deleted but invalidated: it stays readable, and
// exactly one of its readers wins, that is, is told to make it anew. The same goes for
// one that is about to expire (Recache), and for one that a read has made (Vivify). So
// one client asks the database, and not a thousand of them.

// win decides whether the reader wins, and tells him how the entry stands. o is the
// outcome of his read so far, before the entry as he met it.
func win(o *Outcome, before *Entry, m *Message, t *Turn) {
	e := &o.Actor.Entry
	o.Reply.Marks = e.Marks & (Stale | WinSent)
	if e.Marks.Has(WinSent) {
		return
	}
	expires := e.Expires
	if m.Options.Has(LateExptime) {
		expires = before.Expires
	}
	soon := m.Options.Has(Recache) && expires != 0 && expires < Expiry(m.Recache, t.Now)
	if soon || e.Marks.Has(Stale) {
		e.Marks |= WinSent
		o.Reply.Marks |= Won
		o.Effect = Touched
	}
}

// remove is delete, and what memcached's md makes of it.
func remove(a Actor, m *Message, t *Turn) Outcome {
	switch {
	case m.Options.Has(Compare) && m.Cas != a.Entry.Cas:
		return keep(a, Exists)
	case !m.Options.Has(Invalidate | DropValue):
		return Outcome{Effect: Dropped, Reply: Reply{Status: OK}}
	}
	e := a.Entry
	if m.Options.Has(DropValue) {
		e = Entry{Value: e.Value[:0], Flags: m.Flags, Accessed: uint32(t.Now)}
	}
	if m.Options.Has(Touch) {
		e.Expires = Expiry(m.Exptime, t.Now)
	}
	if m.Options.Has(Invalidate) {
		e.Marks = e.Marks&^WinSent | Stale
	}
	o := store(e, m, t)
	if !m.Options.Has(Invalidate | NewCas) {
		// As in memcached, the entry without a value is still the same version.
		o.Actor.Entry.Cas, o.Reply.Cas = a.Entry.Cas, a.Entry.Cas
	}
	return o
}
