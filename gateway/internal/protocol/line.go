package protocol

import "bytes"

const (
	// maxLine is how many bytes without a line end memcached waits for, except for get and gets.
	maxLine = 2048
	// maxIndent is how many leading spaces memcached skips when it looks for that get or gets.
	maxIndent = 100
)

// Line finds the first line in buf. It returns the line without its end, and n, the bytes it takes in buf
// with its end. The end is "\n" or "\r\n"; no more than one "\r" is taken off. The line borrows buf.
// While buf holds no line end, ok is false: read more, unless the line is already [TooLong].
func Line(buf []byte) (line []byte, n int, ok bool) {
	end := bytes.IndexByte(buf, '\n')
	if end < 0 {
		return nil, 0, false
	}
	return bytes.TrimSuffix(buf[:end], []byte("\r")), end + 1, true
}

// TooLong says whether buf, which must hold no line end, has outgrown what a command line may be, so that
// the connection is to be closed without a word. Only get and gets may go on: a multiget has no limit.
func TooLong(buf []byte) bool {
	if len(buf) <= maxLine {
		return false
	}
	command := bytes.TrimLeft(buf, " ")
	multiget := bytes.HasPrefix(command, []byte("get ")) || bytes.HasPrefix(command, []byte("gets "))
	return !multiget || len(buf)-len(command) > maxIndent
}
