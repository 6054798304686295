package protocol

import (
	"strconv"
)

// parseConfig reads "get cluster", which clients of managed services ask to find every server.
func (c *Command) parseConfig(args []byte) Error {
	what, rest := NextKey(args)
	which, rest := NextKey(rest)
	more, _ := NextKey(rest)
	return unless(string(what) == "get" && string(which) == "cluster" && len(more) == 0, ErrUnknown)
}

// Endpoint is where memcached clients are served.
type Endpoint struct{ Host, Port string }

// AppendCluster answers config get cluster: the endpoints, and a version that grows with each change of them. As an
// address may be a name, there are a place for it and one for the address, in which it stands twice.
func AppendCluster(dst []byte, version uint64, endpoints []Endpoint) []byte {
	body := append(strconv.AppendUint(nil, version, 10), '\n')
	for i, e := range endpoints {
		if i > 0 {
			body = append(body, ' ')
		}
		body = append(append(append(append(append(body, e.Host...), '|'), e.Host...), '|'), e.Port...)
	}
	body = append(body, '\n')
	dst = strconv.AppendInt(append(dst, "CONFIG cluster 0 "...), int64(len(body)), 10)
	dst = append(append(append(dst, crlf...), body...), crlf...)
	return AppendEnd(dst)
}

// parseMemlimit reads "<megabytes> [noreply]".
func (c *Command) parseMemlimit(args []byte) Error {
	const least, most = 8, 1_000_000_000
	c.NoReply = noReply(args)
	word, _ := NextKey(args)
	if !isStrictUint32(word) {
		return ErrUnknown
	}
	n, _, _ := digits(word)
	switch {
	case n < least:
		return ErrMemlimitSmall
	case n > most:
		return ErrMemlimitBytes
	}
	c.Megabytes = uint32(n)
	return OK
}

// parseDebugTime reads "p", "r" or seconds.
func (c *Command) parseDebugTime(args []byte) Error {
	c.NoReply = noReply(args)
	word, _ := NextKey(args)
	switch string(word) {
	case "p":
		c.Clock = ClockStops
		return OK
	case "r":
		c.Clock = ClockGoes
		return OK
	}
	seconds, ok := looseInt32(word)
	c.Exptime = int64(seconds)
	return unless(ok, ErrUnknown)
}

// Clock is what debugtime does to the cluster's clock, beside moving it.
type Clock uint8

// What it does.
const (
	ClockKept Clock = iota
	ClockGoes
	ClockStops
)
