// Package wire is the hand-written half of the contract: it encodes and decodes
// DeliverRequest and DeliverResponse (protos/shard/v1) without allocating. The
// bytes are plain protobuf, so that any other client may use generated code; a
// test compares the two. Why it exists: docs/adr/0002-wire-codec.md.
package wire

import shardv1 "github.com/memactor/memactor/protos/shard/v1"

// The limits that both sides of a stream keep.
const (
	// MaxKey is memcached's longest key in bytes.
	MaxKey = 250
	// MaxValue is the largest value in bytes that any process may be set to take.
	MaxValue = 128 << 20
	// MaxMessage is the largest gRPC message in bytes that is accepted: one
	// envelope or reply of MaxValue with room for its other fields.
	MaxMessage = MaxValue + 64<<10
	// BatchBytes is the size in bytes at which a sender closes a batch and begins
	// the next. A larger envelope or reply travels in a batch of its own.
	BatchBytes = 256 << 10
)

// Envelope is shardv1.Envelope as plain memory. Key and Value are borrowed: who
// fills them says how long they stay valid.
type Envelope struct {
	ID      uint64
	Epoch   uint64
	Key     []byte
	Value   []byte
	Exptime int64
	Cas     uint64
	Delta   uint64
	Vivify  int64
	Recache int64
	NewCas  uint64
	Initial uint64
	Op      shardv1.Op
	Shard   uint32
	Flags   uint32
	Options uint32 // sum of shardv1.Option
	Resume  bool
}

// Has tells whether the envelope has the option, or one of several joined by |.
func (e *Envelope) Has(o shardv1.Option) bool { return e.Options&uint32(o) != 0 }

// Reply is shardv1.Reply as plain memory. Value is borrowed like an envelope's.
type Reply struct {
	ID      uint64
	Value   []byte
	Cas     uint64
	Number  uint64
	TTL     int64
	Idle    uint64
	Size    uint64
	Status  shardv1.Status
	Flags   uint32
	Marks   uint32 // sum of shardv1.Mark
	Message string
	Moved   *shardv1.Moved
}

// Has tells whether the reply has the mark, or one of several joined by |.
func (r *Reply) Has(m shardv1.Mark) bool { return r.Marks&uint32(m) != 0 }
