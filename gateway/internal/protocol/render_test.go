package protocol

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// render writes a command as a line in its plainest form, so that parsing that line gives the same command.
func render(c *Command) string {
	words := []string{c.Verb.String()}
	add := func(format string, arg any) { words = append(words, fmt.Sprintf(format, arg)) }
	switch c.Verb {
	case VerbGat, VerbGats:
		add("%d", c.Exptime)
	case VerbSet, VerbAdd, VerbReplace, VerbAppend, VerbPrepend, VerbCas:
		add("%s", c.Key)
		add("%d", c.Flags)
		add("%d", c.Exptime)
		add("%d", c.Bytes)
	case VerbTouch:
		add("%s", c.Key)
		add("%d", c.Exptime)
	case VerbIncr, VerbDecr:
		add("%s", c.Key)
		add("%d", c.Delta)
	case VerbDelete:
		add("%s", c.Key)
	case VerbFlushAll:
		add("%d", c.Exptime)
	case VerbMg, VerbMs, VerbMd, VerbMa, VerbMe:
		add("%s", c.appendKey(nil, c.Key))
		if c.Kind == Block {
			add("%d", c.Bytes)
		}
		words = append(words, splitKeys(c.Request)...)
	case VerbVerbosity:
		add("%d", 0) // the level is not kept
	case VerbCacheMemlimit, VerbMetadump, VerbMgdump, VerbWatch, VerbDebugTime, VerbConfig, VerbLRUCrawler, VerbSlabs, VerbLRU:
		words = append(words, renderAdmin(c)...)
	case VerbNone, VerbGet, VerbGets, VerbMn, VerbQuit, VerbStats, VerbVersion, VerbShutdown, VerbRefreshCerts, VerbDebugItem:
	}
	if c.Verb == VerbCas {
		add("%d", c.Cas)
	}
	words = append(words, splitKeys(c.Keys)...)
	words = append(words, splitKeys(c.Args)...)
	if c.NoReply && c.Verb != VerbShutdown { // shutdown keeps it among its arguments
		words = append(words, "noreply")
	}
	return strings.Join(words, " ")
}

// renderAdmin is the arguments of the commands that have their own; one that changes nothing is any that does as well.
func renderAdmin(c *Command) []string {
	switch c.Verb {
	case VerbCacheMemlimit:
		return []string{strconv.FormatUint(uint64(c.Megabytes), 10)}
	case VerbMetadump, VerbMgdump:
		if c.Empty {
			return []string{"2"}
		}
		return []string{"all"}
	case VerbWatch:
		return renderWatched(c.Watched)
	case VerbDebugTime:
		return []string{[...]string{strconv.FormatInt(c.Exptime, 10), "r", "p"}[c.Clock]}
	case VerbLRUCrawler:
		return []string{"enable"}
	case VerbSlabs:
		return []string{"automove", "0"}
	case VerbLRU:
		return []string{"mode", "flat"}
	default:
		return []string{"get", "cluster"}
	}
}

func renderWatched(w Watched) []string {
	var words []string
	for _, name := range []string{"fetchers", "mutations", "evictions", "deletions", "connevents"} {
		if set, _ := watchedOf(name); w&set != 0 {
			words = append(words, name)
		}
	}
	if words == nil {
		words = []string{"sysevents"} // nothing that there is
	}
	return words
}

// splitKeys collects what NextKey yields.
func splitKeys(keys []byte) (all []string) {
	for key, rest := NextKey(keys); len(key) > 0; key, rest = NextKey(rest) {
		all = append(all, string(key))
	}
	return all
}

// describe is one step of a session's input side: the command, or the error and what it entails.
func describe(c *Command, err Error) string {
	if err == OK {
		return render(c)
	}
	text := err.String()
	if err.Closes() {
		text = "<closed>"
	}
	if c.NoReply {
		text += " (silent)"
	}
	if c.Swallow > 0 {
		text += fmt.Sprintf(" (swallows %d)", c.Swallow)
	}
	return text
}

// walk reads a stream as a connection does, and returns what it comes upon: commands, errors, and what is left.
func walk(stream []byte) (steps []string) {
	for len(stream) > 0 {
		line, n, ok := Line(stream)
		if !ok {
			return append(steps, describeRest(stream))
		}
		stream = stream[n:]
		var c Command
		err := Parse(line, &c)
		steps = append(steps, describe(&c, err))
		if err.Closes() || c.Verb == VerbQuit {
			return steps
		}
		block := c.Swallow
		if err == OK && c.Kind == Block {
			block = c.BlockSize()
		}
		if block > len(stream) {
			return append(steps, fmt.Sprintf("<needs %d more>", block-len(stream)))
		}
		if err == OK && block > 0 && !bytes.HasSuffix(stream[:block], []byte(crlf)) {
			steps = append(steps, ErrBadChunk.String())
		}
		stream = stream[block:]
	}
	return steps
}

func describeRest(stream []byte) string {
	if TooLong(stream) {
		return "<closed>"
	}
	return "<needs a line end>"
}
