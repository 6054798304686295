package load

import "bytes"

// textWords are memcached's classic commands: one get names all its keys, and END closes what it found.
type textWords struct{}

const valueStart = "VALUE "

func (textWords) appendSet(dst []byte, data *dataset, key uint32) []byte {
	dst = data.appendKey(append(dst, "set "...), key)
	dst = append(append(dst, " 0 0 "...), data.sizeText...)
	return data.appendBlock(dst, key)
}

func (textWords) appendGet(dst []byte, data *dataset, keys []uint32) []byte {
	dst = append(dst, "get"...)
	for _, key := range keys {
		dst = data.appendKey(append(dst, ' '), key)
	}
	return append(dst, "\r\n"...)
}

func (textWords) header(line []byte) (replyKind, []byte, int) {
	switch {
	case bytes.HasPrefix(line, []byte(valueStart)):
		return textValue(line)
	case string(line) == "END":
		return replyEnd, nil, 0
	case string(line) == "STORED":
		return replyStored, nil, 0
	default:
		return refusedOrGarbage(line), nil, 0
	}
}

// textValue reads "VALUE <key> <flags> <size>[ <cas>]".
func textValue(line []byte) (replyKind, []byte, int) {
	key, rest, ok1 := bytes.Cut(line[len(valueStart):], []byte(" "))
	_, number, ok2 := bytes.Cut(rest, []byte(" "))
	size, ok3 := parseSize(number)
	if !ok1 || !ok2 || !ok3 {
		return replyGarbage, nil, 0
	}
	return replyValue, key, size
}

// answers: an error line is the end of a get, whatever was found before it.
func (textWords) answers(w *waiting, kind replyKind) (fits, last bool) {
	switch kind {
	case replyValue:
		return w.op == opGet, false
	case replyEnd:
		return w.op == opGet, true
	case replyStored:
		return w.op == opSet, true
	case replyRefused:
		return true, true
	case replyMiss, replyIncomplete, replyGarbage:
	}
	return false, false
}
