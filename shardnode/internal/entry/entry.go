package entry

// State is one of the key actor's two states.
type State uint8

const (
	// Uninitialized holds nothing.
	Uninitialized State = iota
	// Initialized holds an Entry.
	Initialized
)

func (s State) String() string {
	switch s {
	case Uninitialized:
		return "Uninitialized"
	case Initialized:
		return "Initialized"
	}
	return "State(?)"
}

// Entry is what an Initialized actor holds.
type Entry struct {
	// Value is borrowed: from the region's memory in an actor handed to Step; from
	// that, from the message or from Turn.Scratch in an Outcome.
	Value []byte
	// Cas is the entry's cas unique: the version of its last change.
	Cas uint64
	// Expires is the Unix second at which the entry ends; 0 is never.
	Expires uint32
	// Flags are the client's.
	Flags uint32
	// Accessed is the Unix second of the last access, or of the last store after it.
	Accessed uint32
	// Marks are Stale, WinSent and Fetched. A store clears them.
	Marks Marks
}

// Expired tells whether the entry has ended. Like memcached's, the clock moves in
// whole seconds.
func (e *Entry) Expired(now int64) bool { return e.Expires != 0 && int64(e.Expires) <= now }

// Actor is a key actor at rest. The zero Actor is Uninitialized.
type Actor struct {
	State State
	Entry Entry
}

// The sizes that memcached counts against its item size limit (-I), in bytes.
const (
	itemHeader = 48 + 8 // item and cas unique
	itemEnds   = 1 + 2  // NUL behind the key, line end behind the value
	itemFlags  = 4      // only where there are client flags
)

// ItemSize is the size in bytes that memcached would count for an item, so that
// the same -I refuses the same values.
func ItemSize(key, value int, flags uint32) int {
	size := itemHeader + key + itemEnds + value
	if flags != 0 {
		size += itemFlags
	}
	return size
}
