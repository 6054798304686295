package load

import "bytes"

// metaWords are memcached's meta commands. A get of one key is answered by VA or EN. A get of many is as many mg, quiet
// about misses and with the key in each VA, and an mn whose MN closes what they found.
type metaWords struct{}

const metaValueStart = "VA "

func (metaWords) appendSet(dst []byte, data *dataset, key uint32) []byte {
	dst = data.appendKey(append(dst, "ms "...), key)
	dst = append(append(dst, ' '), data.sizeText...)
	return data.appendBlock(append(dst, " F0 T0"...), key)
}

func (metaWords) appendGet(dst []byte, data *dataset, keys []uint32) []byte {
	if len(keys) == 1 {
		dst = data.appendKey(append(dst, "mg "...), keys[0])
		return append(dst, " v f\r\n"...)
	}
	for _, key := range keys {
		dst = data.appendKey(append(dst, "mg "...), key)
		dst = append(dst, " v f k q\r\n"...)
	}
	return append(dst, "mn\r\n"...)
}

func (metaWords) header(line []byte) (replyKind, []byte, int) {
	switch {
	case bytes.HasPrefix(line, []byte(metaValueStart)):
		return metaValue(line)
	case string(line) == "EN":
		return replyMiss, nil, 0
	case string(line) == "MN":
		return replyEnd, nil, 0
	case string(line) == "HD":
		return replyStored, nil, 0
	default:
		return refusedOrGarbage(line), nil, 0
	}
}

// metaValue reads "VA <size> f<flags>[ k<key>]": what was asked for, in the order in which it was.
func metaValue(line []byte) (replyKind, []byte, int) {
	number, rest, ok1 := bytes.Cut(line[len(metaValueStart):], []byte(" "))
	size, ok2 := parseSize(number)
	flags, key, named := bytes.Cut(rest, []byte(" "))
	if !ok1 || !ok2 || string(flags) != "f0" {
		return replyGarbage, nil, 0
	}
	if !named {
		return replyValue, nil, size
	}
	key, ok := bytes.CutPrefix(key, []byte("k"))
	if !ok {
		return replyGarbage, nil, 0
	}
	return replyValue, key, size
}

// answers: each mg of a get of many may be refused by a line of its own, and MN comes all the same.
func (metaWords) answers(w *waiting, kind replyKind) (fits, last bool) {
	many := w.keys > 1
	switch kind {
	case replyValue:
		return w.op == opGet, !many
	case replyMiss:
		return w.op == opGet && !many, true
	case replyEnd:
		return w.op == opGet && many, true
	case replyStored:
		return w.op == opSet, true
	case replyRefused:
		return true, !many
	case replyIncomplete, replyGarbage:
	}
	return false, false
}
