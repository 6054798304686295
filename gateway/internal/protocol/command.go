package protocol

import "github.com/memactor/memactor/protos/wire"

// MaxKey is the longest key, in bytes.
const MaxKey = wire.MaxKey

// Kind is what a session has to do to execute a command.
type Kind uint8

// The kinds.
const (
	Local   Kind = iota // answer it: [Answer.AppendLocal]
	Call                // ask the actor of Command.Key
	Keys                // ask the actor of each of Command.Keys, all alike; [Answer.AppendEnd] follows their answers
	Block               // wait for the data block behind the line, then as Call
	Barrier             // alone, when all before it is answered: it goes to the whole cluster, or watches it
	Auth                // wait for the data block, by which the client says who it is
	Close               // close the connection, once what is before it is answered
)

func (k Kind) String() string {
	return [...]string{"Local", "Call", "Keys", "Block", "Barrier", "Auth", "Close"}[k]
}

// Command is one parsed command. Its slices borrow what it was parsed from, so they die with the read buffer's next
// use. What the command does not have is zero.
type Command struct {
	// Envelope is what the actor is asked: Op, Key, and the arguments of the operation. A Block's Value is not in it,
	// nor is a key where there are many. Exptime is seconds as the client gave them, of the range of an int32.
	wire.Envelope
	// Answer is how the result is written.
	Answer

	Kind  Kind
	Reads bool   // the reply brings a value, which takes memory until it is written
	Keys  []byte // the keys of kind Keys: at least one, none too long; walk them with NextKey
	Args  []byte // of a Barrier or Local command: what follows the verb; walk it with NextKey
	Bytes int    // of a Block: the length of its value

	// The arguments of single commands. debugtime's seconds are in Exptime.
	Empty     bool    // metadump, mgdump: there are no items in the classes that are asked for
	Watched   Watched // watch
	Clock     Clock   // debugtime
	Megabytes uint32  // cache_memlimit

	// Swallow is what must be dropped behind a faulty line: the bytes of its data block with its end, or 0 if the
	// length could not be read. It is 0 whenever Parse returns OK.
	Swallow int

	decoded []byte // memory of keys that came in base64
}

// Parse reads one line, which comes without its end, into c. All of c is overwritten, but for the
// memory of keys that came in base64: these stay valid until [Command.Forget].
// On an error nothing of c counts but Swallow and what [Command.Refuse] makes of it.
func Parse(line []byte, c *Command) Error {
	*c = Command{decoded: c.decoded}
	if len(line) < 2 {
		return ErrBadFormat
	}
	word, args := cutWord(line)
	c.Verb = verbOf(word)
	if c.Verb == VerbNone {
		word, args = NextKey(line)
		c.Verb = adminVerbOf(word)
	}
	v := &verbs[c.Verb]
	c.Kind, c.Op = v.kind, v.op
	if v.parse == nil {
		return OK
	}
	return v.parse(c, args)
}

// maxDecoded is the largest memory in bytes that is kept for keys in base64.
const maxDecoded = 64 << 10

// Forget leaves nothing of what was parsed but memory for the next command; its keys that came in base64 are invalid now.
func (c *Command) Forget() {
	keep := c.decoded[:0]
	if cap(keep) > maxDecoded {
		keep = nil
	}
	*c = Command{decoded: keep}
}

// Refuse is the answer to a command with a fault.
func (c *Command) Refuse(e Error) Answer {
	a := c.Answer
	a.Err = e
	return a
}
