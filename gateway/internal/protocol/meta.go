package protocol

import (
	"encoding/base64"
	"strconv"
	"strings"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// The meta commands have flags: words of one letter and, for some, an argument. Every command takes every flag, so that
// all are read in the same way, into the envelope, and each command then looks at those that mean something to it.

const (
	// maxMetaWords is how many words a meta command may have, its name and key counted.
	maxMetaWords = 20
	// maxMetaSeen is how far memcached looks for words at all.
	maxMetaSeen = 24
	// maxOpaque is the longest opaque, in bytes, with its O.
	maxOpaque = 32
)

// metaFlags is a set of flags; they are letters.
type metaFlags uint64

func metaFlag(letter byte) metaFlags { return 1 << (letter - 'A') }

func (f metaFlags) has(letter byte) bool { return f&metaFlag(letter) != 0 }

// metaWords holds back a line in which a word that should be a flag does not begin with a letter or a digit (or what
// stands between them in ASCII): that memcached does not even begin to read. before is how many words are in front of
// the flags.
func metaWords(flags []byte, before int) Error {
	for word, rest := NextKey(flags); len(word) > 0 && before < maxMetaSeen; word, rest = NextKey(rest) {
		if letter := word[0]; (letter < 'A' || letter > 'z') && (letter < '0' || letter > '9') {
			return ErrBadFormat
		}
		before++
	}
	return OK
}

// parseMeta reads key and flags. before is how many words were in front of the flags. Of several arguments with a fault
// the last one is told, as in memcached; a flag that is none, or there twice, ends the reading.
func (c *Command) parseMeta(key, flags []byte, before int) (metaFlags, Error) {
	c.Key, c.Request = key, flags
	if len(key) > MaxKey {
		return 0, ErrBadFormat
	}
	if before+countWords(flags) > maxMetaWords {
		return 0, ErrManyFlags
	}
	var seen metaFlags
	var fault Error
	for word, rest := NextKey(flags); len(word) > 0; word, rest = NextKey(rest) {
		if word[0] < 'A' {
			return 0, ErrNoFlag // a digit
		}
		if seen.has(word[0]) {
			return 0, ErrFlagTwice
		}
		seen |= metaFlag(word[0])
		switch err := c.parseFlag(word[0], word[1:]); {
		case err == ErrNoFlag:
			return 0, err
		case err == ErrBadFormat && fault != OK: // of F, which memcached does not tell
		case err != OK:
			fault = err
		}
	}
	return seen, fault
}

// parseFlag reads one flag and its argument.
func (c *Command) parseFlag(letter byte, argument []byte) Error {
	ok := true
	fault := ErrBadToken
	switch letter {
	case 'T':
		c.Exptime, ok = metaSeconds(argument)
	case 'N':
		c.Vivify, ok = metaSeconds(argument)
	case 'R':
		c.Recache, ok = metaSeconds(argument)
	case 'C':
		c.Cas, ok = strictUint64(argument)
	case 'E':
		c.NewCas, ok = strictUint64(argument)
	case 'F':
		c.Flags, ok = Uint32(argument)
		fault = ErrBadFormat
	case 'J':
		c.Initial, ok = strictUint64(argument)
		fault = ErrBadInitial
	case 'D':
		c.Delta, ok = strictUint64(argument)
		fault = ErrBadMetaDelta
	case 'b':
		ok = c.decodeKey()
		fault = ErrBadKey
	case 'q':
		c.Quiet = true
	case 'I', 'L', 'M', 'O', 'P', 'c', 'f', 'h', 'k', 'l', 's', 't', 'u', 'v', 'x':
	default:
		return ErrNoFlag
	}
	if !ok {
		return fault
	}
	return OK
}

func metaSeconds(argument []byte) (int64, bool) {
	seconds, ok := strictInt32(argument)
	return int64(seconds), ok
}

// decodeKey replaces the key by the bytes that it is in base64, which are memory of the command's own.
func (c *Command) decodeKey() bool {
	begin := len(c.decoded)
	c.decoded = appendDecoded(c.decoded, c.Key)
	c.Key, c.Base64 = c.decoded[begin:len(c.decoded):len(c.decoded)], true
	return len(c.Key) > 0
}

// orderExptime says what the order of T, N and the flags that look at the exptime means: all act one after the other. N
// acts only on an entry that it has made, and t, if it is there, is looked at rather than R.
func (c *Command) orderExptime(seen metaFlags) {
	setter, looking := byte('N'), byte('R')
	if seen.has('T') {
		setter = 'T'
	}
	if seen.has('t') {
		looking = 't'
	}
	if c.before(seen, looking, setter) {
		c.Options |= uint32(shardv1.Option_OPTION_LATE_EXPTIME)
	}
	if c.before(seen, 'N', 'T') {
		c.Vivify = c.Exptime
	}
}

// option sets o if there is such a flag.
func (c *Command) option(seen metaFlags, letter byte, o shardv1.Option) {
	if seen.has(letter) {
		c.Options |= uint32(o)
	}
}

// mode is the argument of M, of which memcached sees no more than one letter: 0 if there is no M, and a space, which is no
// mode, if it has no argument.
func (c *Command) mode(seen metaFlags) byte {
	word := c.flag(seen, 'M')
	switch {
	case word == nil:
		return 0
	case len(word) == 1:
		return ' '
	}
	return word[1]
}

// flag is the word of a flag, nil if there is none.
func (c *Command) flag(seen metaFlags, letter byte) []byte {
	if !seen.has(letter) {
		return nil
	}
	word, rest := NextKey(c.Request)
	for word[0] != letter {
		word, rest = NextKey(rest)
	}
	return word
}

// checkOpaque says whether the opaque, if there is one, has a length that can be answered.
func (c *Command) checkOpaque(seen metaFlags) Error {
	if len(c.flag(seen, 'O')) > maxOpaque {
		return ErrOpaque
	}
	return OK
}

// before says whether both flags are there, the first before the second.
func (c *Command) before(seen metaFlags, first, second byte) bool {
	if !seen.has(first) || !seen.has(second) {
		return false
	}
	word, rest := NextKey(c.Request)
	for word[0] != first && word[0] != second {
		word, rest = NextKey(rest)
	}
	return word[0] == first
}

// askedFlags are answered whatever happened: they tell the client what it asked.
const askedFlags = "Ok"

// appendFlags answers the flags that were asked for, in their order, of those in known.
func (a *Answer) appendFlags(dst []byte, known string, call *wire.Envelope, r *wire.Reply) []byte {
	for word, rest := NextKey(a.Request); len(word) > 0; word, rest = NextKey(rest) {
		if strings.IndexByte(known, word[0]) >= 0 {
			dst = a.appendFlag(dst, word, call, r)
		}
	}
	return dst
}

func (a *Answer) appendFlag(dst, word []byte, call *wire.Envelope, r *wire.Reply) []byte {
	dst = append(dst, ' ')
	if word[0] == 'O' {
		return append(dst, word...)
	}
	dst = append(dst, word[0])
	switch word[0] {
	case 'k':
		dst = a.appendKey(dst, call.Key)
		if a.Base64 {
			dst = append(dst, " b"...)
		}
	case 'c':
		dst = strconv.AppendUint(dst, r.Cas, 10)
	case 'f':
		dst = strconv.AppendUint(dst, uint64(r.Flags), 10)
	case 'h':
		dst = append(dst, '0'+boolDigit(r.Has(shardv1.Mark_MARK_FETCHED)))
	case 'l':
		dst = strconv.AppendUint(dst, r.Idle, 10)
	case 's':
		dst = strconv.AppendUint(dst, r.Size, 10)
	case 't':
		dst = strconv.AppendInt(dst, r.TTL, 10)
	}
	return dst
}

// appendKey writes the key as it was asked for.
func (a *Answer) appendKey(dst, key []byte) []byte {
	if a.Base64 {
		return base64.StdEncoding.AppendEncode(dst, key)
	}
	return append(dst, key...)
}

func boolDigit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// appendLine answers with a status and those of the flags that are in known.
func (a *Answer) appendLine(dst []byte, status, known string, call *wire.Envelope, r *wire.Reply) []byte {
	dst = append(dst, status...)
	return append(a.appendFlags(dst, known, call, r), crlf...)
}

// refusal is what was in the way of a meta command that changes something.
func refusal(s shardv1.Status) string {
	switch s {
	case shardv1.Status_STATUS_NOT_FOUND:
		return "NF"
	case shardv1.Status_STATUS_EXISTS:
		return "EX"
	default:
		return "NS"
	}
}
