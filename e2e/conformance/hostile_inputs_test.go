package conformance

import "strings"

// hostile is an input that broke a server of this kind once.
type hostile struct {
	name  string
	input string
	// want is the answer; anything means that only survival counts.
	want string
	// open says that the input ends inside a command or closes the connection, so
	// that no valid command can follow it.
	open bool
}

const (
	anything = "*"
	badLine  = "CLIENT_ERROR bad command line format\r\n"
	tooLarge = "SERVER_ERROR object too large for cache\r\n"
	badChunk = "CLIENT_ERROR bad data chunk\r\n"
)

// hostileInputs are those of memcached's recording that are worth more than one
// look, and those that were not recorded. An answer is memcached 1.6.45's where it
// was recorded or follows from what was.
func hostileInputs() []hostile {
	var all []hostile
	for _, some := range [][]hostile{
		hostileLines(), hostileLengths(), hostileBodies(), hostileKeys(), hostileNumbers(), hostileEnds(),
	} {
		all = append(all, some...)
	}
	return all
}

func hostileLines() []hostile {
	tls := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x11", 500)
	return []hostile{
		{"newline", "\n", badLine, false},
		{"line end", "\r\n", badLine, false},
		{"lone carriage return", "\r", "", true},
		{"carriage returns", "\r\r\r\n", anything, false},
		{"NUL", "\x00\r\n", anything, false},
		{"NULs", "\x00\x00\x00\x00\r\n", "ERROR\r\n", false},
		{"NUL in a verb", "get\x00a\r\n", "ERROR\r\n", false},
		{"0x80", "\x80", anything, true},
		{"0x80 and a line end", "\x80\r\n", anything, true},
		{"a binary protocol get", "\x80\x00\x00\x01" + strings.Repeat("\x00", 19) + "\x01k", anything, true},
		{"a TLS hello", tls, anything, true},
		{"a TLS hello and a line end", tls + "\r\n", anything, true},
		{"an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "<closed>", true},
		{"spaces after get", "get" + strings.Repeat(" ", 14_000) + "\r\n", badLine, false},
		{"2047 bytes", strings.Repeat("x", 2047), "", true},
		{"2048 bytes", strings.Repeat("x", 2048), "", true},
		{"2049 bytes", strings.Repeat("x", 2049), "<closed>", true},
		{"a megabyte without a line end", strings.Repeat("x", 1<<20), "<closed>", true},
		{"a megabyte of get without a line end", "get " + strings.Repeat("k ", 1<<19), "", true},
		{"stats with a long argument", "stats " + strings.Repeat("x", 4000) + "\r\n", anything, false},
		{"lru mode", "lru mode\r\n", "ERROR\r\n", false},
		{"upper case", "GET a\r\n", "ERROR\r\n", false},
	}
}

func hostileLengths() []hostile {
	rejected := []string{
		"-1", "-2147483648", "2147483646", "2147483647", "4294967295", "4294967296",
		"18446744073709551615", "18446744073709551616", strings.Repeat("9", 100), "0x1", "1.5", "",
	}
	var all []hostile
	for _, length := range rejected {
		all = append(all, hostile{"length " + length, "set a 0 0 " + length + "\r\n", badLine, false})
	}
	// The longest length that can be read announces a body, which never comes.
	return append(all, hostile{"length 2147483645", "set a 0 0 2147483645\r\n", tooLarge, true})
}

func hostileBodies() []hostile {
	body := "\r\nget x\r\n"
	return []hostile{
		{"body with a command", "set a 0 0 9\r\n" + body + "\r\nget a\r\n", "STORED\r\nVALUE a 0 9\r\n" + body + "\r\nEND\r\n", false},
		{"one byte too many", "set a 0 0 1\r\nxy\r\n", badChunk + badLine, false},
		{"two bytes too many", "set a 0 0 1\r\nxyz\r\n", badChunk + badLine, false},
		{"three bytes too many", "set a 0 0 1\r\nxyzzz\r\n", badChunk + "ERROR\r\n", false},
		{"one byte too few", "set a 0 0 2\r\nx\r\nmn\r\n", badChunk + badLine, false},
		{"two bytes too few", "set a 0 0 3\r\nx\r\nmn\r\n", badChunk + badLine, false},
		{"bare newline after a body", "set a 0 0 1\r\nx\nmn\r\n", anything, false},
		{"no body", "set a 0 0 10\r\n", "", true},
		{"half a body", "set a 0 0 10\r\nabc", "", true},
		{"body without its line end", "set a 0 0 3\r\nabc", "", true},
		{"half a line end", "set a 0 0 3\r\nabc\r", "", true},
		{"too large", "set a 0 0 2000000\r\n" + strings.Repeat("x", 2_000_000) + "\r\nget a\r\n", tooLarge + "END\r\n", false},
		{"append of too large", "append a 0 0 2000000\r\n" + strings.Repeat("x", 2_000_000) + "\r\n", tooLarge, false},
		{"too large, noreply", "set a 0 0 2000000 noreply\r\n" + strings.Repeat("x", 2_000_000) + "\r\nget a\r\n", "END\r\n", false},
		{"too large and never sent", "set a 0 0 100000000\r\nxxx", anything, true},
	}
}

func hostileKeys() []hostile {
	key := func(n int) string { return strings.Repeat("k", n) }
	return []hostile{
		{"key of 249", "get " + key(249) + "\r\n", "END\r\n", false},
		{"key of 250", "get " + key(250) + "\r\n", "END\r\n", false},
		{"key of 251", "delete " + key(251) + "\r\n", badLine, false},
		{"key of 251, storage", "set " + key(251) + " 0 0 1\r\nx\r\n", badLine, false},
		{"last key of 251", "get a b " + key(251) + "\r\n", badLine, false},
		{"key of a megabyte", "get " + key(1<<20) + "\r\n", anything, true},
		{"multiget of a megabyte", "get" + strings.Repeat(" kkkkkkk", 1<<17) + "\r\n", "END\r\n", false},
		{"70000 copies of one key", "get" + strings.Repeat(" k", 70_000) + "\r\n", "END\r\n", false},
		{"NUL in a key", "set a\x00b 0 0 1\r\nx\r\nget a\x00b\r\n", anything, false},
	}
}

func hostileNumbers() []hostile {
	badDelta := "CLIENT_ERROR invalid numeric delta argument\r\n"
	badTime := "CLIENT_ERROR invalid exptime argument\r\n"
	return []hostile{
		{"flags -1", "set a -1 0 1\r\nx\r\n", badLine, false},
		{"flags 2^32", "set a 4294967296 0 1\r\nx\r\nget a\r\n", "STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n", false},
		{"flags 2^64", "set a 18446744073709551616 0 1\r\nx\r\n", badLine, false},
		{"exptime 2^63", "set a 0 9223372036854775808 1\r\nx\r\n", badLine, false},
		{"exptime in touch 2^63", "touch a 9223372036854775808\r\n", badTime, false},
		{"delta -1", "incr a -1\r\n", badDelta, false},
		{"delta 2^64-1", "incr a 18446744073709551615\r\n", "NOT_FOUND\r\n", false},
		{"delta 2^64", "incr a 18446744073709551616\r\n", badDelta, false},
		{"delta of 100 digits", "decr a " + strings.Repeat("9", 100) + "\r\n", badDelta, false},
		{"cas 0", "cas a 0 0 1 0\r\nx\r\n", "NOT_FOUND\r\n", false},
		{"cas 2^64", "cas a 0 0 1 18446744073709551616\r\nx\r\n", badLine, false},
		{"cas -1", "cas a 0 0 1 -1\r\nx\r\n", badLine, false},
		{"flush_all 2^64", "flush_all 18446744073709551616\r\n", badTime, false},
		{"verbosity 2^64", "verbosity 18446744073709551616\r\n", badLine, false},
	}
}

func hostileEnds() []hostile {
	return []hostile{
		{"bytes after quit", "quit\r\nset a 0 0 1\r\nx\r\nget a\r\n", "<closed>", true},
		{"commands before quit", "set a 0 0 1\r\nx\r\nget a\r\nquit\r\nget a\r\n", "STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n<closed>", true},
		{"meta with 21 flags", "mg a a b c d e f g h i j k l m n o p q r s t\r\n", anything, false},
		{"ms with two lengths", "ms k S2\r\n", anything, false},
		{"a thousand unknown verbs", strings.Repeat("bogus\r\n", 1000), strings.Repeat("ERROR\r\n", 1000), false},
		{"a thousand blank lines", strings.Repeat("\r\n", 1000), strings.Repeat(badLine, 1000), false},
	}
}
