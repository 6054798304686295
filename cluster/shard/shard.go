package shard

import (
	"fmt"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// ID is the number of one shard: 0 to the count of shards minus 1.
type ID uint32

const (
	// DefaultShards is how many shards a cluster has unless its creator says
	// otherwise: enough for a hundred nodes to be balanced within 10 %, few
	// enough for the map to stay small.
	DefaultShards = 1024
	// MaxShards bounds what a map costs in memory, in the registry and in Plan.
	MaxShards = 1 << 16
)

// Of is the shard of key among 2^bits shards: the top bits of its xxhash64, so
// that doubling the count of shards splits each shard in two neighbours.
func Of(key []byte, bits uint) ID {
	return ID(xxhash.Sum64(key) >> (64 - bits))
}

// Bits is the k of a count of 2^k shards. Any count that is not a power of two
// between 1 and MaxShards is ErrShards.
func Bits(shards int) (uint, error) {
	if shards < 1 || shards > MaxShards || shards&(shards-1) != 0 {
		return 0, fmt.Errorf("%w: %d is not a power of two between 1 and %d", ErrShards, shards, MaxShards)
	}
	return uint(bits.TrailingZeros(uint(shards))), nil
}
