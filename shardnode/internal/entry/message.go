package entry

// Op is what a message asks for. The numbers are those of the contract's Op.
type Op uint8

// The operations, named after memcached's commands.
const (
	OpGet Op = iota + 1
	OpGat
	OpTouch
	OpSet
	OpAdd
	OpReplace
	OpAppend
	OpPrepend
	OpCas
	OpDelete
	OpIncr
	OpDecr
)

var opNames = [...]string{
	OpGet: "get", OpGat: "gat", OpTouch: "touch", OpSet: "set", OpAdd: "add", OpReplace: "replace",
	OpAppend: "append", OpPrepend: "prepend", OpCas: "cas", OpDelete: "delete", OpIncr: "incr", OpDecr: "decr",
}

func (o Op) String() string {
	if !o.Valid() {
		return "Op(?)"
	}
	return opNames[o]
}

// Valid tells whether Step knows the operation.
func (o Op) Valid() bool { return o >= OpGet && o <= OpDecr }

// Stores tells whether the operation carries a value to store.
func (o Op) Stores() bool { return o >= OpSet && o <= OpCas }

// Reads tells whether the operation reads the value.
func (o Op) Reads() bool { return o == OpGet || o == OpGat }

// Counts tells whether the operation is arithmetic.
func (o Op) Counts() bool { return o == OpIncr || o == OpDecr }

// Status is the outcome of a message. The numbers are those of the contract's
// Status.
type Status uint8

// The outcomes that an actor can have.
const (
	OK Status = iota + 1
	NotFound
	NotStored
	Exists
	NonNumeric
	TooLarge
)

var statusNames = [...]string{
	OK: "ok", NotFound: "not found", NotStored: "not stored", Exists: "exists",
	NonNumeric: "non-numeric", TooLarge: "too large",
}

func (s Status) String() string {
	if s < OK || s > TooLarge {
		return "Status(?)"
	}
	return statusNames[s]
}

// Message is one operation for one actor.
type Message struct {
	// Value is what a storage operation stores; borrowed.
	Value []byte
	// Exptime is memcached's, see expiry.go.
	Exptime int64
	// Cas is the cas unique that OpCas and Compare compare.
	Cas uint64
	// Delta is what OpIncr adds and OpDecr subtracts.
	Delta uint64
	// Vivify is the exptime that goes with Vivify, Initial the number that a count
	// stores then.
	Vivify  int64
	Initial uint64
	// Recache is memcached's exptime, not seconds: an entry that ends before is to be
	// made anew.
	Recache int64
	// NewCas is the cas unique that goes with NewCas.
	NewCas uint64
	// KeyLen is the length of the actor's key; it counts against Turn.MaxItem.
	KeyLen int
	// Flags are the client flags to store.
	Flags   uint32
	Options Options
	Op      Op
}

// Verb is what memcached calls the operation: a set or replace that compares is a
// cas, and is counted as one.
func (m *Message) Verb() Op {
	if m.Options.Has(Compare) && (m.Op == OpSet || m.Op == OpReplace) {
		return OpCas
	}
	return m.Op
}

// Changes tells whether the message may give the entry a new cas unique.
func (m *Message) Changes() bool {
	return m.Op.Stores() || m.Op.Counts() || m.Options.Has(Vivify|Invalidate)
}

// Uses tells whether the message counts as a use of the entry: it then moves to the
// end of those that are evicted.
func (m *Message) Uses() bool {
	return !m.Op.Reads() || !m.Options.Has(NoBump|Uncounted)
}

// Reply is what the actor answers.
type Reply struct {
	// Value is that of the entry, for OpGet and OpGat; borrowed from it.
	Value []byte
	// Cas is the cas unique of the entry as the message left it; 0 unless OK.
	Cas uint64
	// Number is the result of OpIncr and OpDecr.
	Number uint64
	// Flags are the client flags of the entry, for OpGet and OpGat.
	Flags uint32
	// Marks are Won, Stale and WinSent, for a read that may win, and Unchanged for one
	// that compares: Value is empty then.
	Marks  Marks
	Status Status
}
