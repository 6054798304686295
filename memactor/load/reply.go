package load

import "bytes"

// replyKind is what one reply of a server is, as far as a generator that sends get and set has to know.
type replyKind uint8

const (
	replyIncomplete replyKind = iota // more bytes are needed
	replyValue                       // VALUE <key> <flags> <size>, with its data block
	replyEnd                         // END of a get
	replyStored
	replyRefused // ERROR, CLIENT_ERROR ..., SERVER_ERROR ...: the command was not executed, the stream goes on
	replyGarbage // anything else: where the next reply begins is unknown
)

// String names the kind for messages.
func (k replyKind) String() string {
	return [...]string{"incomplete", "VALUE", "END", "STORED", "refused", "garbage"}[k]
}

// reply is one parsed reply. Its slices alias the receive buffer.
type reply struct {
	kind  replyKind
	size  int    // bytes of the whole reply; of an incomplete one how many are needed at least
	line  []byte // without the line end
	key   []byte // of a VALUE
	value []byte // of a VALUE
}

// maxLine bounds a reply line; memcached's longest is a VALUE line with a key of 250 bytes.
const maxLine = 2048

const valueStart = "VALUE "

// parseReply reads the first reply in b.
func parseReply(b []byte) reply {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if len(b) >= maxLine {
			return reply{kind: replyGarbage, line: b[:maxLine], size: maxLine}
		}
		return reply{kind: replyIncomplete, size: len(b) + 1}
	}
	line := bytes.TrimSuffix(b[:end], []byte("\r"))
	if bytes.HasPrefix(line, []byte(valueStart)) {
		return parseValue(line, b, end+1)
	}
	return reply{kind: kindOf(line), line: line, size: end + 1}
}

func kindOf(line []byte) replyKind {
	switch {
	case string(line) == "END":
		return replyEnd
	case string(line) == "STORED":
		return replyStored
	case bytes.HasPrefix(line, []byte("SERVER_ERROR")),
		bytes.HasPrefix(line, []byte("CLIENT_ERROR")),
		bytes.HasPrefix(line, []byte("ERROR")):
		return replyRefused
	default:
		return replyGarbage
	}
}

// parseValue reads "VALUE <key> <flags> <size>[ <cas>]" and the block that starts at b[start].
func parseValue(line, b []byte, start int) reply {
	key, rest, ok1 := bytes.Cut(line[len(valueStart):], []byte(" "))
	_, number, ok2 := bytes.Cut(rest, []byte(" "))
	size, ok3 := parseSize(number)
	if !ok1 || !ok2 || !ok3 {
		return reply{kind: replyGarbage, line: line, size: start}
	}
	end := start + size
	if len(b) < end+2 {
		return reply{kind: replyIncomplete, size: end + 2}
	}
	if b[end] != '\r' || b[end+1] != '\n' {
		return reply{kind: replyGarbage, line: line, size: end + 2}
	}
	return reply{kind: replyValue, line: line, key: key, value: b[start:end], size: end + 2}
}

// parseSize reads the decimal that starts text, up to its end or a space.
func parseSize(text []byte) (int, bool) {
	size, n := 0, 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' && size <= maxSize {
		size = size*10 + int(text[n]-'0')
		n++
	}
	return size, n > 0 && size <= maxSize && (n == len(text) || text[n] == ' ')
}
