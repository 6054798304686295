package protocol

import "bytes"

// AppendLines appends, as frames, what answers a Barrier in lines of the text protocol: so who executes one knows one
// form only. lines are whole lines. A stat becomes a frame with its name as key; the end of the answer becomes an
// empty frame, unless the request is quiet; lines of another form, those of `stats detail dump`, become one stat
// "detailed", which ends in the line "END".
func (a *Answer) AppendLines(dst, lines []byte) []byte {
	for len(lines) > 0 {
		line, n, ok := Line(lines)
		if !ok {
			break
		}
		word, rest := NextKey(line)
		switch string(word) {
		case "STAT", "ITEM": // ITEM is of stats cachedump
			dst = a.appendStat(dst, rest)
		case "END", "OK", "RESET":
			dst = a.appendEnd(dst)
		case "ERROR", "CLIENT_ERROR":
			dst = a.appendStatus(dst, a.refused())
		case "SERVER_ERROR":
			dst = a.appendText(dst, statusTemporary, string(bytes.TrimPrefix(rest, []byte(" "))))
		default:
			n = len(lines)
			dst = a.appendDump(dst, lines)
		}
		lines = lines[n:]
	}
	return dst
}

// refused is what an error line means: a group of statistics that is none, or a flush that is not allowed.
func (a *Answer) refused() status {
	if a.Verb == VerbFlushAll {
		return statusAuth
	}
	return statusNotFound
}

func (a *Answer) appendStat(dst, stat []byte) []byte {
	name, value := NextKey(stat)
	value = bytes.TrimPrefix(value, []byte(" "))
	dst = append(a.appendHeader(dst, statusOK, 0, len(name), len(value), 0), name...)
	return append(dst, value...)
}

func (a *Answer) appendDump(dst, dump []byte) []byte {
	const name = "detailed"
	dst = append(a.appendHeader(dst, statusOK, 0, len(name), len(dump), 0), name...)
	return a.appendEnd(append(dst, dump...))
}

func (a *Answer) appendEnd(dst []byte) []byte {
	if a.Quiet {
		return dst
	}
	return a.appendHeader(dst, statusOK, 0, 0, 0, 0)
}
