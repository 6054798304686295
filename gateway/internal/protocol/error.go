package protocol

// Error is what is wrong with a command, and knows what memcached says about it. It is not a Go error: most of
// them are everyday answers to a client, and the zero value is none.
type Error uint8

// The errors. Those up to ErrArithmeticMode come from [Parse], the others are found later and are here so that
// memcached's error lines are in one place.
const (
	OK                Error = iota
	ErrUnknown              // no such command
	ErrBadFormat            // words missing, a key too long, a number that is none
	ErrBadExptime           // gat, touch, flush_all
	ErrBadDelta             // incr, decr
	ErrHTTP                 // a web client: closed without a word
	ErrManyFlags            // meta: too many words
	ErrNoFlag               // meta: no such flag
	ErrFlagTwice            // meta: a flag twice
	ErrBadToken             // meta: T, N, R, C, E
	ErrBadKey               // meta: a key that is not in base64
	ErrBadInitial           // meta: J
	ErrBadMetaDelta         // meta: D
	ErrOpaque               // meta: O is too long
	ErrSetMode              // ms: M
	ErrArithmeticFlag       // ma: any flag, or the key
	ErrArithmeticMode       // ma: M

	ErrBadChunk         // the data block does not end where it should
	ErrNonNumeric       // incr or decr of a value that is no number
	ErrTooLarge         // the value is over the limit
	ErrNoMemory         // no room for the value
	ErrNoMemoryToCount  // incr, decr, ma: no room for a longer number
	ErrNoMemoryForNew   // ma: no room for a new one
	ErrShutdownDisabled // shutdown where that is not enabled
	ErrShutdownMode     // shutdown
	ErrFlushForbidden   // flush_all, with --disable-flush-all

	ErrUnauthenticated // anything but the command of ParseAuth
	ErrAuthTooLong     // its data block could not be a user and a password
	ErrAuthTermination // its data block does not end where it should
	ErrAuthFormat      // its data block is not of two words
	ErrAuthFailure     // no such user with such a password

	// ErrMagic and those behind it are the binary protocol's. Up to ErrAuthRequired they close the connection.
	ErrMagic        // no request: not answered
	ErrLengths      // key and extras are longer than the body
	ErrArguments    // extras, key or value that the opcode cannot have
	ErrAuthRequired // as ErrUnauthenticated
	ErrAuthContinue // no fault, but not yet the end of SASL: the client's token is to follow

	ErrDumpForbidden   // stats cachedump, with --disable-dumping
	ErrMetaForbidden   // lru_crawler metadump, with --disable-dumping
	ErrMgForbidden     // lru_crawler mgdump, with --disable-dumping
	ErrDetailForbidden // stats detail, with --disable-dumping
	ErrWatchForbidden  // watch, with --disable-watch

	ErrBadClass         // lru_crawler
	ErrNothingToCrawl   // lru_crawler
	ErrCrawlerSleep     // lru_crawler sleep
	ErrBadSlabClass     // slabs reassign
	ErrSameClass        // slabs reassign
	ErrNoSparePages     // slabs reassign
	ErrLRUShares        // lru tune
	ErrLRUFactors       // lru tune
	ErrMemlimitSmall    // cache_memlimit
	ErrMemlimitBytes    // cache_memlimit
	ErrMemlimitRefused  // cache_memlimit, by a node
	ErrNoTLS            // refresh_certs without TLS
	ErrPipelinedMeta    // metadump behind other commands
	ErrPipelinedMg      // mgdump behind other commands
	ErrPipelinedWatch   // watch behind other commands
	ErrDumping          // metadump, mgdump while there are too many
	ErrManyWatchers     // watch while there are too many
	ErrDetailUsage      // stats detail
	ErrBadCommandLine   // stats cachedump without its arguments
	ErrIllegalSlabClass // stats cachedump
)

//nolint:gochecknoglobals // a table that is never written to
var errorLines = [...]string{
	OK:                  "",
	ErrUnknown:          "ERROR",
	ErrBadFormat:        "CLIENT_ERROR bad command line format",
	ErrBadExptime:       "CLIENT_ERROR invalid exptime argument",
	ErrBadDelta:         "CLIENT_ERROR invalid numeric delta argument",
	ErrHTTP:             "",
	ErrManyFlags:        "CLIENT_ERROR options flags are too long",
	ErrNoFlag:           "CLIENT_ERROR invalid flag",
	ErrFlagTwice:        "CLIENT_ERROR duplicate flag",
	ErrBadToken:         "CLIENT_ERROR bad token in command line format",
	ErrBadKey:           "CLIENT_ERROR error decoding key",
	ErrBadInitial:       "CLIENT_ERROR invalid numeric initial value",
	ErrBadMetaDelta:     "CLIENT_ERROR invalid numeric delta value",
	ErrOpaque:           "CLIENT_ERROR opaque token too long",
	ErrSetMode:          "CLIENT_ERROR invalid mode for ms M token",
	ErrArithmeticFlag:   "CLIENT_ERROR invalid or duplicate flag",
	ErrArithmeticMode:   "CLIENT_ERROR invalid mode for ma M token",
	ErrBadChunk:         "CLIENT_ERROR bad data chunk",
	ErrNonNumeric:       "CLIENT_ERROR cannot increment or decrement non-numeric value",
	ErrTooLarge:         "SERVER_ERROR object too large for cache",
	ErrNoMemory:         "SERVER_ERROR out of memory storing object",
	ErrNoMemoryToCount:  "SERVER_ERROR out of memory",
	ErrNoMemoryForNew:   "SERVER_ERROR Out of memory allocating new item",
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
	ErrDumpForbidden:    "CLIENT_ERROR stats cachedump not allowed",
	ErrMetaForbidden:    "ERROR metadump not allowed",
	ErrMgForbidden:      "ERROR key dump not allowed",
	ErrDetailForbidden:  "CLIENT_ERROR stats detail not allowed",
	ErrWatchForbidden:   "CLIENT_ERROR watch commands not allowed",
	ErrShutdownMode:     "CLIENT_ERROR invalid shutdown mode",
	ErrBadClass:         "BADCLASS invalid class id",
	ErrNothingToCrawl:   "NOTSTARTED no items to crawl",
	ErrCrawlerSleep:     "CLIENT_ERROR sleep must be one second or less",
	ErrBadSlabClass:     "BADCLASS invalid src or dst class id",
	ErrSameClass:        "SAME src and dst class are identical",
	ErrNoSparePages:     "NOSPARE source class has no spare pages",
	ErrLRUShares:        "ERROR hot and warm pcts must not exceed 80",
	ErrLRUFactors:       "ERROR hot/warm age factors must be greater than 0",
	ErrMemlimitSmall:    "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m",
	ErrMemlimitBytes:    "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes",
	ErrMemlimitRefused:  "MEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust",
	ErrNoTLS:            "Error TLS not enabled",
	ErrPipelinedMeta:    "ERROR cannot pipeline other commands before metadump",
	ErrPipelinedMg:      "ERROR cannot pipeline other commands before mgdump",
	ErrPipelinedWatch:   "ERROR cannot pipeline other commands before watch",
	ErrDumping:          "BUSY currently processing crawler request",
	ErrManyWatchers:     "WATCHER_TOO_MANY log watcher limit reached",
	ErrDetailUsage:      "CLIENT_ERROR usage: stats detail on|off|dump",
	ErrBadCommandLine:   "CLIENT_ERROR bad command line",
	ErrIllegalSlabClass: "CLIENT_ERROR Illegal slab id",
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
	return e == ErrHTTP || e >= ErrMagic && e <= ErrAuthRequired
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
