package protocol

import (
	"math"
	"strconv"
)

// memcached reads numbers in two ways. Lengths, the expiry of gat and flush_all, and all of meta commands, are strict: nothing but
// digits, and a minus. All others go through C's strtol and strtoull, which take a plus, more digits than
// fit in the result, and white space around the number.

const (
	// maxStrict is the longest number, in characters, that the strict reader looks at.
	maxStrict = len("-2147483648")
	// maxStrict64 is that for 64 bits.
	maxStrict64 = 22
	// minInt64 is the magnitude of the smallest int64.
	minInt64 = 1 << 63
)

// strictInt32 reads an int32 of at most 11 characters. A lone minus is 0, as in memcached.
func strictInt32(word []byte) (int32, bool) {
	if len(word) == 0 || len(word) > maxStrict {
		return 0, false
	}
	negative := word[0] == '-'
	if negative {
		word = word[1:]
	}
	v, n, _ := digits(word)
	value := int64(v) // cannot wrap: at most 11 digits
	if negative {
		value = -value
	}
	return int32(value), n == len(word) && value == int64(int32(value))
}

// Uint32 reads a uint32 of at most 11 characters, digits only.
func Uint32(word []byte) (uint32, bool) {
	if len(word) == 0 || len(word) > maxStrict {
		return 0, false
	}
	v, n, _ := digits(word)
	return uint32(v), n == len(word) && v <= math.MaxUint32
}

// isStrictUint32 says whether [Uint32] reads word.
func isStrictUint32(word []byte) bool {
	_, ok := Uint32(word)
	return ok
}

// strictUint64 reads a uint64 of at most 22 characters, digits only.
func strictUint64(word []byte) (uint64, bool) {
	if len(word) == 0 || len(word) > maxStrict64 {
		return 0, false
	}
	v, n, fits := digits(word)
	return v, n == len(word) && fits
}

// isFloat says whether word begins with a decimal number, as C's strtod reads one.
func isFloat(word []byte) bool {
	_, err := strconv.ParseFloat(string(word), 64)
	return err == nil
}

// isPositive says whether a word that [isFloat] is above 0.
func isPositive(word []byte) bool {
	f, _ := strconv.ParseFloat(string(word), 64)
	return f > 0
}

// looseInt32 reads what fits in an int64 and keeps the low 32 bits of it, so that 2147483648 is negative.
func looseInt32(word []byte) (int32, bool) {
	v, negative, ok := loose(word)
	if negative {
		return int32(-v), ok && v <= minInt64
	}
	return int32(v), ok && v < minInt64
}

// looseUint64 reads a uint64. "-0" is 0; that -18446744073709551615 is 1 is C's strtoull, not a slip of ours.
func looseUint64(word []byte) (uint64, bool) {
	v, negative, ok := loose(word)
	if negative {
		v = -v
		return v, ok && v < minInt64
	}
	return v, ok
}

// loose reads one number, a sign before it and white space around it; anything may follow the white space.
// It is false where there are no digits, or where the magnitude is over 64 bits.
func loose(word []byte) (magnitude uint64, negative, ok bool) {
	for len(word) > 0 && isSpace(word[0]) {
		word = word[1:]
	}
	if len(word) > 0 && (word[0] == '-' || word[0] == '+') {
		negative = word[0] == '-'
		word = word[1:]
	}
	magnitude, n, fits := digits(word)
	ended := n == len(word) || isSpace(word[n])
	return magnitude, negative, fits && n > 0 && ended
}

// digits reads the decimal digits that word begins with. n is how many there are; the value is right only
// if fits, else there were more than 64 bits hold.
func digits(word []byte) (value uint64, n int, fits bool) {
	fits = true
	for n < len(word) && word[n]-'0' <= 9 {
		next := value*10 + uint64(word[n]-'0')
		fits = fits && value <= math.MaxUint64/10 && next >= value
		value = next
		n++
	}
	return value, n, fits
}

// isSpace is C's isspace; a space proper never is inside a word.
func isSpace(c byte) bool {
	return c == ' ' || c-'\t' <= '\r'-'\t'
}
