package protocol

// Error is what is wrong with a command, and knows what memcached says about it. It is not a Go error: most of
// them are everyday answers to a client, and the zero value is none.
type Error uint8

// The errors. Those up to ErrHTTP come from [Parse], the others are found later and are here so that
// memcached's error lines are in one place.
const (
	OK            Error = iota
	ErrUnknown          // no such command
	ErrBadFormat        // words missing, a key too long, a number that is none
	ErrBadExptime       // gat, touch, flush_all
	ErrBadDelta         // incr, decr
	ErrHTTP             // a web client: closed without a word

	ErrBadChunk         // the data block does not end where it should
	ErrNonNumeric       // incr or decr of a value that is no number
	ErrTooLarge         // the value is over the limit
	ErrNoMemory         // no room for the value
	ErrShutdownDisabled // shutdown, which is not ours to do
	ErrFlushForbidden   // flush_all, with --disable-flush-all

	ErrUnauthenticated // anything but the command of ParseAuth
	ErrAuthTooLong     // its data block could not be a user and a password
	ErrAuthTermination // its data block does not end where it should
	ErrAuthFormat      // its data block is not of two words
	ErrAuthFailure     // no such user with such a password

	ErrMagic     // binary: no request: closed without a word
	ErrLengths   // binary: key and extras are longer than the body
	ErrArguments // binary: extras, key or value that the opcode cannot have

	ErrAuthRequired // binary: as ErrUnauthenticated, and closed
	ErrAuthContinue // binary: no fault, but not yet the end: the token is to follow
)

//nolint:gochecknoglobals // a table that is never written to
var errorLines = [...]string{
	OK:                  "",
	ErrUnknown:          "ERROR",
	ErrBadFormat:        "CLIENT_ERROR bad command line format",
	ErrBadExptime:       "CLIENT_ERROR invalid exptime argument",
	ErrBadDelta:         "CLIENT_ERROR invalid numeric delta argument",
	ErrHTTP:             "",
	ErrBadChunk:         "CLIENT_ERROR bad data chunk",
	ErrNonNumeric:       "CLIENT_ERROR cannot increment or decrement non-numeric value",
	ErrTooLarge:         "SERVER_ERROR object too large for cache",
	ErrNoMemory:         "SERVER_ERROR out of memory storing object",
	ErrShutdownDisabled: "SERVER_ERROR: shutdown not enabled",
	ErrFlushForbidden:   "CLIENT_ERROR flush_all not allowed",
	ErrUnauthenticated:  "CLIENT_ERROR unauthenticated",
	ErrAuthTooLong:      "CLIENT_ERROR auth token too long",
	ErrAuthTermination:  "CLIENT_ERROR bad command line termination",
	ErrAuthFormat:       "CLIENT_ERROR bad authentication token format",
	ErrAuthFailure:      "CLIENT_ERROR authentication failure",
	ErrMagic:            "",
	ErrLengths:          "",
	ErrArguments:        "",
	ErrAuthRequired:     "",
	ErrAuthContinue:     "",
}

// String is the error line, without its end. It is empty for OK and for what has none, as [ErrHTTP].
func (e Error) String() string {
	if int(e) < len(errorLines) {
		return errorLines[e]
	}
	return "SERVER_ERROR unknown error"
}

// Closes says whether the connection is to be closed behind the answer to this command.
func (e Error) Closes() bool {
	switch e {
	case ErrHTTP, ErrMagic, ErrLengths, ErrArguments, ErrAuthRequired:
		return true
	default:
		return false
	}
}

// AppendError appends the error's line to dst, or nothing where there is none.
func AppendError(dst []byte, e Error) []byte {
	line := e.String()
	if line == "" {
		return dst
	}
	return append(append(dst, line...), crlf...)
}

// AppendServerError appends a "SERVER_ERROR" line with a reason of our own, which must be of one line.
func AppendServerError(dst []byte, reason string) []byte {
	dst = append(dst, "SERVER_ERROR "...)
	return append(append(dst, reason...), crlf...)
}
