package load

import "bytes"

// replyKind is what one reply of a server is, as far as a generator that sends get and set has to know.
type replyKind uint8

const (
	replyIncomplete replyKind = iota // more bytes are needed
	replyValue                       // one key of a get was found: a line and its data block
	replyMiss                        // the only key of a get was not found
	replyEnd                         // there is nothing more for a get
	replyStored
	replyRefused // ERROR, CLIENT_ERROR ..., SERVER_ERROR ...: the command was not executed, the stream goes on
	replyGarbage // anything else: where the next reply begins is unknown
)

// String names the kind for messages.
func (k replyKind) String() string {
	return [...]string{"incomplete", "value", "miss", "end", "stored", "refused", "garbage"}[k]
}

// reply is one parsed reply. Its slices alias the receive buffer.
type reply struct {
	kind  replyKind
	size  int    // bytes of the whole reply; of an incomplete one how many are needed at least
	line  []byte // without the line end
	key   []byte // of a value; nil if it names none
	value []byte
}

// maxLine bounds a reply line; memcached's longest is a VALUE line with a key of 250 bytes.
const maxLine = 2048

// parseReply reads the first reply in b, which is in these words.
func parseReply(in words, b []byte) reply {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		if len(b) >= maxLine {
			return reply{kind: replyGarbage, line: b[:maxLine], size: maxLine}
		}
		return reply{kind: replyIncomplete, size: len(b) + 1}
	}
	line := bytes.TrimSuffix(b[:end], []byte("\r"))
	kind, key, block := in.header(line)
	if kind == replyValue {
		return parseBlock(reply{kind: kind, line: line, key: key}, b, end+1, block)
	}
	return reply{kind: kind, line: line, size: end + 1}
}

// parseBlock completes r with its value, the block of size bytes that starts at b[start].
func parseBlock(r reply, b []byte, start, size int) reply {
	end := start + size
	if len(b) < end+2 {
		return reply{kind: replyIncomplete, size: end + 2}
	}
	if b[end] != '\r' || b[end+1] != '\n' {
		return reply{kind: replyGarbage, line: r.line, size: end + 2}
	}
	r.value, r.size = b[start:end], end+2
	return r
}

// refusedOrGarbage is the kind of a line that is no good answer; the error lines are the same in all words.
func refusedOrGarbage(line []byte) replyKind {
	for _, start := range []string{"SERVER_ERROR", "CLIENT_ERROR", "ERROR"} {
		if bytes.HasPrefix(line, []byte(start)) {
			return replyRefused
		}
	}
	return replyGarbage
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
