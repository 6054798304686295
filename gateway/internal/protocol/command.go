package protocol

// MaxKey is the longest key, in bytes.
const MaxKey = 250

// Command is one parsed line. Its slices borrow the line, so they die with the read buffer's next use.
// The fields that the verb does not have are zero.
type Command struct {
	Verb    Verb
	NoReply bool   // neither a reply nor an error line is wanted
	Key     []byte // the key of every verb that has exactly one
	Keys    []byte // the get family: all keys, not one too long and at least one; walk them with NextKey
	Args    []byte // stats, shutdown: what follows the verb; walk it with NextKey
	Flags   uint32 // storage: the client's flags
	Exptime int64  // storage, touch, gat, flush_all: seconds as the client gave them, of the range of an int32
	Bytes   int    // storage: the length of the data block behind the line, its "\r\n" not counted
	Cas     uint64 // cas
	Delta   uint64 // incr, decr

	// Swallow is what must be dropped behind a faulty storage line: the bytes of its data block with its
	// "\r\n", or 0 if the length could not be read. It is 0 whenever Parse returns OK.
	Swallow int
}

// Parse reads one line, which comes without its end, into c. All of c is overwritten.
// On an error c still says Verb; NoReply, which silences the error line too; and Swallow. Nothing else counts then.
func Parse(line []byte, c *Command) Error {
	*c = Command{}
	if len(line) < 2 {
		return ErrBadFormat
	}
	word, args := cutWord(line)
	c.Verb = verbOf(word)
	if c.Verb == VerbNone {
		word, args = NextKey(line)
		c.Verb = adminVerbOf(word)
	}
	return c.parse(args)
}

// parse reads what follows the verb.
func (c *Command) parse(args []byte) Error {
	switch c.Verb {
	case VerbGet, VerbGets:
		return c.parseGet(args)
	case VerbGat, VerbGats:
		return c.parseGat(args)
	case VerbSet, VerbAdd, VerbReplace, VerbAppend, VerbPrepend, VerbCas:
		return c.parseStore(args)
	case VerbDelete:
		return c.parseDelete(args)
	case VerbIncr, VerbDecr:
		return c.parseDelta(args)
	case VerbTouch:
		return c.parseTouch(args)
	case VerbMn, VerbQuit, VerbVersion:
		return OK
	case VerbStats:
		c.Args = args
		return OK
	case VerbFlushAll:
		return c.parseFlushAll(args)
	case VerbVerbosity:
		return c.parseVerbosity(args)
	case VerbShutdown:
		return c.parseShutdown(args)
	case VerbNone:
	}
	return c.parseUnknown(args)
}
