package protocol

import (
	"bytes"
	"math"
)

// maxToken is how many bytes of user and password are looked at. No line of an auth
// file is that long.
const maxToken = 2048

// ParseAuth reads the one command that a client may send before it has said who it is,
// `set <key> <flags> <exptime> <bytes>`, of which only the length of the data block
// matters (memcached's doc/protocol.txt, "Authentication"). size is that of the block
// with its line end; swallow is that of a block that is refused.
func ParseAuth(line []byte) (size, swallow int, err Error) {
	var word []byte
	for i := range 5 {
		word, line = NextKey(line)
		if i == 0 && string(word) != "set" {
			return 0, 0, ErrUnauthenticated
		}
	}
	length, negative, ok := loose(word)
	switch {
	case !ok || negative:
		return 0, 0, ErrUnauthenticated
	case length > maxToken:
		return 0, int(min(length, math.MaxInt32)) + len(crlf), ErrAuthTooLong
	}
	return int(length) + len(crlf), 0, OK
}

// ParseToken reads the data block of that command, "user password" and its line end.
// user and password borrow it.
func ParseToken(block []byte) (user, password []byte, err Error) {
	token, ok := bytes.CutSuffix(block, []byte(crlf))
	if !ok {
		return nil, nil, ErrAuthTermination
	}
	user, rest := NextKey(token)
	password, _ = NextKey(rest)
	if len(password) == 0 {
		return nil, nil, ErrAuthFormat
	}
	return user, password, OK
}

// AuthTooLong says of buf, which holds no line end, that it is not to be waited for: so
// long is no line of a client that has not said who it is.
func AuthTooLong(buf []byte) bool { return len(buf) > maxLine }
