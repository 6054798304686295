package entry

// Turn is what is handed to an actor beside the message.
type Turn struct {
	// Scratch is the memory in which a value is built that is neither the entry's
	// nor the message's. Step may replace it by a larger one.
	Scratch []byte
	// Now is the time in Unix seconds.
	Now int64
	// Unique is the cas unique that the entry gets if the message changes it.
	Unique uint64
	// MaxItem is the limit on ItemSize, in bytes.
	MaxItem int
}

// Effect is what has to be done about the actor's memory after a step.
type Effect uint8

const (
	// Kept: nothing has changed.
	Kept Effect = iota
	// Touched: only Expires or Marks have changed.
	Touched
	// Stored: the entry is another.
	Stored
	// Dropped: the actor is Uninitialized now, and was not before.
	Dropped
)

func (e Effect) String() string {
	switch e {
	case Kept:
		return "kept"
	case Touched:
		return "touched"
	case Stored:
		return "stored"
	case Dropped:
		return "dropped"
	}
	return "Effect(?)"
}

// Outcome is what a step came to.
type Outcome struct {
	Actor  Actor
	Reply  Reply
	Effect Effect
	// Lapsed: the entry that the actor held had expired before the message.
	Lapsed bool
	// Vivified: the entry was made because there was none (Vivify).
	Vivified bool
}

// Step is one turn of the actor a. m.Op must be Valid.
func Step(a Actor, m *Message, t *Turn) Outcome {
	if a.State == Initialized && a.Entry.Expired(t.Now) {
		return lapse(m, t)
	}
	return step(a, m, t)
}

// lapse is a step of an actor whose entry has expired: it holds nothing, only its
// memory has still to be dropped.
func lapse(m *Message, t *Turn) Outcome {
	o := step(Actor{}, m, t)
	o.Lapsed = true
	if o.Effect == Kept {
		o.Effect = Dropped
	}
	return o
}

func step(a Actor, m *Message, t *Turn) Outcome {
	if m.Op.Stores() && (m.Options.Has(Oversized) || ItemSize(m.KeyLen, len(m.Value), m.Flags) > t.MaxItem) {
		return tooLarge(a, m)
	}
	switch a.State {
	case Uninitialized:
		return uninitialized(m, t)
	case Initialized:
		return initialized(a, m, t)
	}
	panic("entry: " + a.State.String())
}

// tooLarge refuses a value. As in memcached, a set also ends the old entry, so
// that nobody reads stale data, and the other operations leave it.
func tooLarge(a Actor, m *Message) Outcome {
	if m.Op == OpSet && a.State == Initialized {
		return Outcome{Effect: Dropped, Reply: Reply{Status: TooLarge}}
	}
	return keep(a, TooLarge)
}

// keep leaves the actor as it is, and refuses the message or has nothing for it.
func keep(a Actor, s Status) Outcome { return Outcome{Actor: a, Reply: Reply{Status: s}} }

// store makes e the actor's entry, under a new cas unique.
func store(e Entry, m *Message, t *Turn) Outcome {
	e.Cas = t.Unique
	if m.Options.Has(NewCas) {
		e.Cas = m.NewCas
	}
	return Outcome{
		Actor:  Actor{State: Initialized, Entry: e},
		Effect: Stored,
		Reply:  Reply{Status: OK, Cas: e.Cas},
	}
}

// fresh is the entry that a message brings.
func fresh(m *Message, t *Turn) Entry {
	return Entry{Value: m.Value, Flags: m.Flags, Expires: Expiry(m.Exptime, t.Now), Accessed: uint32(t.Now)}
}
