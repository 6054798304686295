package protocol

import "strconv"

const crlf = "\r\n"

// Each AppendX appends one reply to dst and returns it, as the builtin append does. Nothing is kept of the
// arguments.

// AppendStored answers a storage command that stored.
func AppendStored(dst []byte) []byte { return append(dst, "STORED\r\n"...) }

// AppendNotStored answers add, replace, append and prepend whose condition did not hold.
func AppendNotStored(dst []byte) []byte { return append(dst, "NOT_STORED\r\n"...) }

// AppendExists answers a cas whose item has changed since.
func AppendExists(dst []byte) []byte { return append(dst, "EXISTS\r\n"...) }

// AppendNotFound answers cas, delete, incr, decr and touch of a key that is not there.
func AppendNotFound(dst []byte) []byte { return append(dst, "NOT_FOUND\r\n"...) }

// AppendDeleted answers delete.
func AppendDeleted(dst []byte) []byte { return append(dst, "DELETED\r\n"...) }

// AppendTouched answers touch.
func AppendTouched(dst []byte) []byte { return append(dst, "TOUCHED\r\n"...) }

// AppendOK answers flush_all and verbosity.
func AppendOK(dst []byte) []byte { return append(dst, "OK\r\n"...) }

// AppendMN answers mn.
func AppendMN(dst []byte) []byte { return append(dst, "MN\r\n"...) }

// AppendReset answers stats reset.
func AppendReset(dst []byte) []byte { return append(dst, "RESET\r\n"...) }

// AppendEnd ends the answers of the get family and of stats.
func AppendEnd(dst []byte) []byte { return append(dst, "END\r\n"...) }

// AppendVersion answers version.
func AppendVersion(dst []byte, version string) []byte {
	dst = append(dst, "VERSION "...)
	return append(append(dst, version...), crlf...)
}

// AppendNumber answers incr and decr with the new value.
func AppendNumber(dst []byte, value uint64) []byte {
	return append(strconv.AppendUint(dst, value, 10), crlf...)
}

// AppendValue is one hit of get and gat: the header line and the data block.
func AppendValue(dst, key []byte, flags uint32, value []byte) []byte {
	dst = appendHeader(dst, key, flags, len(value))
	return appendBlock(dst, value)
}

// AppendValueCas is one hit of gets and gats: the header line, which ends in the cas unique, and the data block.
func AppendValueCas(dst, key []byte, flags uint32, value []byte, cas uint64) []byte {
	dst = appendHeader(dst, key, flags, len(value))
	dst = strconv.AppendUint(append(dst, ' '), cas, 10)
	return appendBlock(dst, value)
}

// appendHeader leaves the header line open for a cas unique.
func appendHeader(dst, key []byte, flags uint32, length int) []byte {
	dst = append(dst, "VALUE "...)
	dst = append(append(dst, key...), ' ')
	dst = append(strconv.AppendUint(dst, uint64(flags), 10), ' ')
	return strconv.AppendUint(dst, uint64(length), 10)
}

func appendBlock(dst, value []byte) []byte {
	dst = append(append(dst, crlf...), value...)
	return append(dst, crlf...)
}

// AppendStat is one line of stats. Neither name nor value may hold a line end.
func AppendStat(dst []byte, name, value string) []byte {
	dst = append(dst, "STAT "...)
	dst = append(append(dst, name...), ' ')
	return append(append(dst, value...), crlf...)
}

// AppendStatUint is [AppendStat] of a number.
func AppendStatUint(dst []byte, name string, value uint64) []byte {
	dst = append(dst, "STAT "...)
	dst = append(append(dst, name...), ' ')
	return AppendNumber(dst, value)
}
