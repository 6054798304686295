package protocol

import "bytes"

const (
	// maxToken is how many bytes user and password may have, with the space between them.
	maxToken = 16 << 10
	// minAuthLine is the least that could be such a command, in bytes; the \n not counted.
	minAuthLine = 6
)

// ParseAuth reads the one command that a client may send before it has said who it is,
// `set <key> <flags> <exptime> <bytes>`, of which only the length of the data block
// matters (memcached's doc/protocol.txt, "Authentication"). size is that of the block
// with its line end. What is refused has no block.
func ParseAuth(line []byte) (size int, err Error) {
	var word []byte
	rest := line
	for range 5 {
		word, rest = NextKey(rest)
	}
	length, ok := Uint32(word)
	switch {
	case !ok || !bytes.HasPrefix(line, []byte("set")):
		return 0, ErrUnauthenticated
	case length > maxToken:
		return 0, ErrAuthTooLong
	}
	return int(length) + len(crlf), OK
}

// ParseToken reads the data block of that command, "user password" and its line end. All
// behind the first space is the password. user and password borrow the block.
func ParseToken(block []byte) (user, password []byte, err Error) {
	token, ok := bytes.CutSuffix(block, []byte(crlf))
	if !ok {
		return nil, nil, ErrAuthTermination
	}
	user, password, ok = bytes.Cut(token, []byte(" "))
	if !ok {
		return nil, nil, ErrAuthFormat
	}
	return user, password, OK
}

// AuthTooLong says of buf, which holds no line end, that it is not to be waited for: so
// long is no line of a client that has not said who it is.
func AuthTooLong(buf []byte) bool { return len(buf) > maxLine }

// AuthTooShort says of a line, n bytes with its end, that its client does not mean to
// say who it is: memcached closes the connection.
func AuthTooShort(n int) bool { return n-1 < minAuthLine }
