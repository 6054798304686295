package protocol

// Verb is the command word of a line.
type Verb uint8

// The verbs. VerbNone is a word that is not one of them.
const (
	VerbNone Verb = iota
	VerbGet
	VerbGets
	VerbGat
	VerbGats
	VerbSet
	VerbAdd
	VerbReplace
	VerbAppend
	VerbPrepend
	VerbCas
	VerbDelete
	VerbIncr
	VerbDecr
	VerbTouch
	VerbMn
	VerbQuit
	VerbStats
	VerbVersion
	VerbFlushAll
	VerbVerbosity
	VerbShutdown
)

//nolint:gochecknoglobals // a table that is never written to
var verbNames = [...]string{
	VerbNone: "none",
	VerbGet:  "get", VerbGets: "gets", VerbGat: "gat", VerbGats: "gats",
	VerbSet: "set", VerbAdd: "add", VerbReplace: "replace", VerbAppend: "append", VerbPrepend: "prepend", VerbCas: "cas",
	VerbDelete: "delete", VerbIncr: "incr", VerbDecr: "decr", VerbTouch: "touch",
	VerbMn: "mn", VerbQuit: "quit", VerbStats: "stats", VerbVersion: "version",
	VerbFlushAll: "flush_all", VerbVerbosity: "verbosity", VerbShutdown: "shutdown",
}

// String is the verb as it is written on the wire.
func (v Verb) String() string {
	if int(v) < len(verbNames) {
		return verbNames[v]
	}
	return "invalid"
}

// verbOf is the verb that word spells, in lower case only. The verbs of [adminVerbOf] are not among them.
func verbOf(word []byte) Verb {
	switch string(word) {
	case "get":
		return VerbGet
	case "gets":
		return VerbGets
	case "gat":
		return VerbGat
	case "gats":
		return VerbGats
	case "set":
		return VerbSet
	case "add":
		return VerbAdd
	case "replace":
		return VerbReplace
	case "append":
		return VerbAppend
	case "prepend":
		return VerbPrepend
	case "cas":
		return VerbCas
	case "delete":
		return VerbDelete
	case "incr":
		return VerbIncr
	case "decr":
		return VerbDecr
	case "touch":
		return VerbTouch
	case "mn":
		return VerbMn
	case "quit":
		return VerbQuit
	case "stats":
		return VerbStats
	case "version":
		return VerbVersion
	}
	return VerbNone
}

// adminVerbOf is the verb that word spells, of those that memcached also finds behind leading spaces.
func adminVerbOf(word []byte) Verb {
	switch string(word) {
	case "flush_all":
		return VerbFlushAll
	case "verbosity":
		return VerbVerbosity
	case "shutdown":
		return VerbShutdown
	}
	return VerbNone
}
