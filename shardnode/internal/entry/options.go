package entry

// Options change what an operation does. The numbers are those of the contract's
// Option, which tells what each does.
type Options uint16

// The options, with the flags of memcached's meta commands that they stand for.
const (
	Compare     Options = 1 << iota // C, and a cas unique in binary commands
	NewCas                          // E
	Touch                           // T
	Vivify                          // N
	Recache                         // R
	Invalidate                      // I
	DropValue                       // x
	NoBump                          // u
	NoValue                         // no v; for whoever sends the reply, as the next is
	ShowDetails                     // h, l, s, t: see Describe
	Uncounted                       // me
	Win                             // any mg
	LateExptime                     // t or R before T or N
	Oversized                       // the value was too large, and left out
	unknown
)

// Has tells whether any of these options is set.
func (o Options) Has(some Options) bool { return o&some != 0 }

// KnownOptions are all options that Step knows.
const KnownOptions = unknown - 1

// Marks are what an entry or a reply is marked with. The numbers are those of the
// contract's Mark.
type Marks uint8

// The marks. An entry never has Won or Unchanged.
const (
	Won       Marks = 1 << iota // whoever reads this reply is to make the value anew (W)
	Stale                       // invalidated, and not stored since (X)
	WinSent                     // somebody has won (Z)
	Fetched                     // read since it was stored (h1)
	Unchanged                   // the reader has this value already (C of mg)
)

// Has tells whether any of these marks is set.
func (m Marks) Has(some Marks) bool { return m&some != 0 }
