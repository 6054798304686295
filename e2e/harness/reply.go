package harness

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrReply is a reply that is not memcached's protocol.
var ErrReply = errors.New("harness: not a memcached reply")

// Reply reads the reply of one command: a line, VA and a data block, or VALUE blocks, CONFIG,
// STAT or PREFIX lines up to their END. A reply that begins with VALUE blocks may also end in
// an error line.
func (c *Conn) Reply() (string, error) {
	_ = c.net.SetReadDeadline(time.Now().Add(c.Timeout))
	var reply []byte
	for {
		line, err := c.read.ReadSlice('\n')
		reply = append(reply, line...)
		if err != nil {
			return string(reply), fmt.Errorf("harness: in the reply %s: %w", Shorten(string(reply)), err)
		}
		switch kind, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" ")); string(kind) {
		case "VALUE", "CONFIG":
			if reply, err = c.data(reply, line, 3); err != nil {
				return string(reply), err
			}
		case "VA":
			reply, err = c.data(reply, line, 1)
			return string(reply), err
		case "STAT", "PREFIX":
		default:
			return string(reply), nil
		}
	}
}

// Replies reads n replies.
func (c *Conn) Replies(n int) ([]string, error) {
	replies := make([]string, 0, n)
	for range n {
		reply, err := c.Reply()
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
	return replies, nil
}

// data reads the data block that a line announces; its length is in field at.
func (c *Conn) data(reply, line []byte, at int) ([]byte, error) {
	fields := strings.Split(string(bytes.TrimRight(line, "\r\n")), " ") // a key may hold any other space
	if len(fields) <= at {
		return reply, fmt.Errorf("%w: %q", ErrReply, line)
	}
	length, err := strconv.Atoi(fields[at])
	if err != nil || length < 0 {
		return reply, fmt.Errorf("%w: %q", ErrReply, line)
	}
	block, err := c.ReadFull(length + 2)
	reply = append(reply, block...)
	if err != nil {
		return reply, fmt.Errorf("harness: in the data of %q: %w", line, err)
	}
	if !strings.HasSuffix(block, "\r\n") {
		return reply, fmt.Errorf("%w: the data of %q ends in %q", ErrReply, line, block[length:])
	}
	return reply, nil
}

// Value is one VALUE block of a reply.
type Value struct {
	Key   string
	Flags string
	Data  string
	Cas   string // empty for get and gat
}

// Values takes a reply of a retrieval command apart: its VALUE blocks, and the
// last line without its line end (END, if nothing went wrong).
func Values(reply string) (values []Value, last string, err error) {
	for strings.HasPrefix(reply, "VALUE ") {
		line, rest, _ := strings.Cut(reply, "\r\n")
		fields := strings.Split(line, " ")
		if len(fields) != 4 && len(fields) != 5 {
			return values, "", fmt.Errorf("%w: %q", ErrReply, line)
		}
		length, err := strconv.Atoi(fields[3])
		if err != nil || length < 0 || len(rest) < length+2 || rest[length:length+2] != "\r\n" {
			return values, "", fmt.Errorf("%w: %q", ErrReply, line)
		}
		value := Value{Key: fields[1], Flags: fields[2], Data: rest[:length]}
		if len(fields) == 5 {
			value.Cas = fields[4]
		}
		values = append(values, value)
		reply = rest[length+2:]
	}
	last, _ = strings.CutSuffix(reply, "\r\n")
	return values, last, nil
}

// IsError reports whether a reply is, or ends in, one of memcached's three
// classes of error lines.
func IsError(reply string) bool {
	_, last, err := Values(reply)
	return err != nil || last == "ERROR" || strings.HasPrefix(last, "ERROR ") ||
		strings.HasPrefix(last, "CLIENT_ERROR") || strings.HasPrefix(last, "SERVER_ERROR")
}
