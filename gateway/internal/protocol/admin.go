package protocol

import "bytes"

// The verbs without a key, and the words that are no verb. All of these look for noreply before anything else.

// parseFlushAll reads "[<delay>] [noreply]". No delay is a delay of 0.
func (c *Command) parseFlushAll(args []byte) Error {
	c.NoReply = noReply(args)
	delay, rest := NextKey(args)
	another, _ := NextKey(rest)
	if len(delay) == 0 || c.NoReply && len(another) == 0 {
		return OK
	}
	seconds, ok := strictInt32(delay)
	if !ok {
		return ErrBadExptime
	}
	c.Exptime = int64(seconds)
	return OK
}

// parseVerbosity reads "<level> [noreply]" and forgets the level: how much is logged is not a client's to say.
func (c *Command) parseVerbosity(args []byte) Error {
	c.NoReply = noReply(args)
	level, _ := NextKey(args)
	if !isStrictUint32(level) {
		return ErrBadFormat
	}
	return OK
}

// parseArgs leaves what follows the verb to who executes the command.
func (c *Command) parseArgs(args []byte) Error {
	c.Args = args
	return OK
}

// parseShutdown reads "[graceful] [noreply]". Whether that is a mode at all is looked at only where it is enabled.
func (c *Command) parseShutdown(args []byte) Error {
	c.NoReply = noReply(args)
	c.Args = args
	return OK
}

// parseUnknown is left with a line whose verb is unknown, and looks at its end for a browser gone astray.
func (c *Command) parseUnknown(args []byte) Error {
	c.NoReply = noReply(args)
	if bytes.HasPrefix(lastWord(args), []byte("HTTP/")) {
		return ErrHTTP
	}
	return ErrUnknown
}

// appendAdmin answers the verbs that ask nobody.
func (a *Answer) appendAdmin(dst []byte, version string) []byte {
	switch a.Verb {
	case VerbVersion:
		return AppendVersion(dst, version)
	case VerbSet: // who has said who it is, see ParseAuth
		return append(dst, "STORED\r\n"...)
	case VerbMn:
		return append(dst, "MN\r\n"...)
	case VerbVerbosity, VerbLRUCrawler, VerbSlabs, VerbLRU:
		return AppendOK(dst)
	case VerbQuit:
		return dst
	default:
		return AppendError(dst, ErrUnknown)
	}
}

// AppendVersion answers version.
func AppendVersion(dst []byte, version string) []byte {
	dst = append(dst, "VERSION "...)
	return append(append(dst, version...), crlf...)
}
