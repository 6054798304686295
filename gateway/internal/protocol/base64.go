package protocol

// appendDecoded appends what text is in base64, or nothing if it is not. It is as lenient as memcached: characters of no
// meaning are skipped, and what follows the padding is not looked at; only the number of characters must be right.
func appendDecoded(dst, text []byte) []byte {
	begin := len(dst)
	count := 0
	for _, c := range text {
		if _, ok := sextet(c); ok {
			count++
		}
	}
	if count == 0 || count%4 != 0 {
		return dst
	}
	var group uint32
	n, pad := 0, 0
	for _, c := range text {
		bits, ok := sextet(c)
		if !ok {
			continue
		}
		if c == '=' {
			pad++
		}
		group = group<<6 | bits
		if n++; n%4 != 0 {
			continue
		}
		dst = append(dst, byte(group>>16), byte(group>>8), byte(group))
		switch {
		case pad > 2:
			return dst[:begin]
		case pad > 0:
			return dst[:len(dst)-pad]
		}
	}
	return dst
}

// sextet is the value of a character of base64; that of the padding is 0.
func sextet(c byte) (uint32, bool) {
	switch {
	case c >= 'A' && c <= 'Z':
		return uint32(c - 'A'), true
	case c >= 'a' && c <= 'z':
		return uint32(c-'a') + 26, true
	case c >= '0' && c <= '9':
		return uint32(c-'0') + 52, true
	case c == '+':
		return 62, true
	case c == '/':
		return 63, true
	}
	return 0, c == '='
}
