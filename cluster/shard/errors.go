package shard

import "errors"

var (
	// ErrShards is a count of shards that no cluster can have.
	ErrShards = errors.New("bad count of shards")
	// ErrMap is a table that contradicts itself, or an encoding of one that
	// cannot be read.
	ErrMap = errors.New("bad shard map")
	// ErrFormat is a stored map of a format that this program does not know: a
	// later version wrote it. It is an ErrMap as well.
	ErrFormat = errors.New("unknown format")
	// ErrNode is a node that no cluster can have as a member.
	ErrNode = errors.New("bad node")
)
