package protocol

import (
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// The verbs with one key and no data block. A line with too few words is answered whatever it ends in; from
// there on noreply silences errors too. Words too many are ignored.

// parseDelete reads "<key> [0] [noreply]". The 0 is what is left of a delay, long gone.
func (c *Command) parseDelete(args []byte) Error {
	c.Key, _ = NextKey(args)
	if len(c.Key) == 0 {
		return ErrBadFormat
	}
	c.NoReply = noReply(args)
	return checkKey(c.Key)
}

// parseDelta reads "<key> <delta> [noreply]".
func (c *Command) parseDelta(args []byte) Error {
	delta, err := c.parseKeyAnd(args)
	if err != OK {
		return err
	}
	var ok bool
	if c.Delta, ok = looseUint64(delta); !ok {
		return ErrBadDelta
	}
	return OK
}

// parseTouch reads "<key> <exptime> [noreply]".
func (c *Command) parseTouch(args []byte) Error {
	exptime, err := c.parseKeyAnd(args)
	if err != OK {
		return err
	}
	seconds, ok := looseInt32(exptime)
	if !ok {
		return ErrBadExptime
	}
	c.Exptime = int64(seconds)
	return OK
}

// parseKeyAnd reads a key, and returns the argument that must follow it.
func (c *Command) parseKeyAnd(args []byte) (argument []byte, err Error) {
	key, rest := NextKey(args)
	argument, _ = NextKey(rest)
	if len(argument) == 0 {
		return nil, ErrBadFormat
	}
	c.Key, c.NoReply = key, noReply(args)
	return argument, checkKey(key)
}

func checkKey(key []byte) Error {
	if len(key) > MaxKey {
		return ErrBadFormat
	}
	return OK
}

func renderDeleted(_ *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	return appendOutcome(dst, "DELETED\r\n", r)
}

func renderTouched(_ *Answer, dst []byte, _ *wire.Envelope, r *wire.Reply) []byte {
	return appendOutcome(dst, "TOUCHED\r\n", r)
}

// renderNumber answers incr and decr with the new value.
func renderNumber(_ *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte {
	switch {
	case r.Status == shardv1.Status_STATUS_OK:
		return AppendNumber(dst, r.Number)
	case Failed(r):
		return appendCountFailure(dst, call, r)
	}
	return appendOutcome(dst, "", r)
}
