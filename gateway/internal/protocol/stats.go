package protocol

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

// AppendReset answers stats reset.
func AppendReset(dst []byte) []byte { return append(dst, "RESET\r\n"...) }
