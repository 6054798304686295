package region

import (
	"encoding/binary"
	"slices"

	"github.com/memactor/memactor/shardnode/internal/entry"
)

// block is one entry in memory: a header, the key, the value, in one allocation
// without pointers. Its capacity is what the allocator gave for it.
type block []byte

// The header: where each field is, in bytes.
const (
	atCas        = 0  // uint64
	atFlags      = 8  // uint32, the client's
	atGeneration = 12 // uint32: the shard's when the value was stored, see flush.go
	atAccessed   = 16 // uint32: Unix second of the last access
	atMarks      = 20 // uint8, the entry's
	atKeyLen     = 21 // uint8
	blockHeader  = 24
)

// newBlock is a block for a key and a value of this length; the value is not
// filled in.
func newBlock(key []byte, value int) block {
	n := blockHeader + len(key) + value
	b := slices.Grow(block(nil), n)[:n]
	clear(b[:blockHeader])
	b[atKeyLen] = uint8(len(key))
	copy(b[blockHeader:], key)
	return b
}

// fits tells whether the block can take a value of this length in place, without
// wasting more than half of its memory.
func (b block) fits(key, value int) bool {
	n := blockHeader + key + value
	return n <= cap(b) && n >= cap(b)/2
}

// resized is the same block for a value of another length that fits.
func (b block) resized(value int) block { return b[:blockHeader+b.keyLen()+value] }

// fill makes e the block's entry. e.Value has the block's length of a value.
func (b block) fill(e *entry.Entry, generation uint32) {
	binary.LittleEndian.PutUint64(b[atCas:], e.Cas)
	binary.LittleEndian.PutUint32(b[atFlags:], e.Flags)
	binary.LittleEndian.PutUint32(b[atGeneration:], generation)
	binary.LittleEndian.PutUint32(b[atAccessed:], e.Accessed)
	b[atMarks] = byte(e.Marks)
	copy(b.value(), e.Value)
}

func (b block) keyLen() int { return int(b[atKeyLen]) }

func (b block) key() []byte { return b[blockHeader : blockHeader+b.keyLen()] }

func (b block) value() []byte { return b[blockHeader+b.keyLen():] }

func (b block) generation() uint32 { return binary.LittleEndian.Uint32(b[atGeneration:]) }

func (b block) accessed() uint32 { return binary.LittleEndian.Uint32(b[atAccessed:]) }

func (b block) marks() entry.Marks { return entry.Marks(b[atMarks]) }

func (b block) fetched() bool { return b.marks().Has(entry.Fetched) }

// actor is the actor at rest that the block holds; its value is the block's.
func (b block) actor(expires uint32) entry.Actor {
	return entry.Actor{State: entry.Initialized, Entry: entry.Entry{
		Value:    b.value(),
		Cas:      binary.LittleEndian.Uint64(b[atCas:]),
		Flags:    binary.LittleEndian.Uint32(b[atFlags:]),
		Accessed: b.accessed(),
		Marks:    b.marks(),
		Expires:  expires,
	}}
}

// access notes a read. It writes only what changes, to keep the cache line clean.
func (b block) access(now uint32) {
	if b.accessed() != now {
		binary.LittleEndian.PutUint32(b[atAccessed:], now)
	}
	if !b.fetched() {
		b.mark(b.marks() | entry.Fetched)
	}
}

// mark gives the entry other marks.
func (b block) mark(m entry.Marks) { b[atMarks] = byte(m) }

// entryOverhead is what an entry costs beside its block, in bytes: the slot, its
// links, its share of the index, and the room that these grow into.
const entryOverhead = 64

// cost is what the block's entry counts against the memory limit, in bytes.
func (b block) cost() int64 {
	if b == nil {
		return 0
	}
	return int64(cap(b)) + entryOverhead
}
