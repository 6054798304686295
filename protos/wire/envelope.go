package wire

import (
	"encoding/binary"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Field 1 of DeliverRequest and of DeliverResponse, as a tag.
const (
	elementField = 1
	elementTag   = elementField<<3 | typeBytes
)

// The fields of shardv1.Envelope.
const (
	envelopeID      = 1
	envelopeOp      = 2
	envelopeShard   = 3
	envelopeEpoch   = 4
	envelopeKey     = 5
	envelopeValue   = 6
	envelopeFlags   = 7
	envelopeExptime = 8
	envelopeCas     = 9
	envelopeDelta   = 10
	envelopeResume  = 11
	envelopeOptions = 12
	envelopeVivify  = 13
	envelopeRecache = 14
	envelopeNewCas  = 15
	envelopeInitial = 16
)

// plain tells whether none of the fields from envelopeOptions on is set, as in every
// classic command: those pay one comparison for all of them.
func (e *Envelope) plain() bool {
	return uint64(e.Options)|uint64(e.Vivify)|uint64(e.Recache)|e.NewCas|e.Initial == 0
}

func (e *Envelope) size() int {
	n := sizeUint(e.ID) + sizeUint(uint64(e.Op)) + sizeUint(uint64(e.Shard)) + sizeUint(e.Epoch) +
		sizeBytes(e.Key) + sizeBytes(e.Value) + sizeUint(uint64(e.Flags)) + sizeUint(zigzag(e.Exptime)) +
		sizeUint(e.Cas) + sizeUint(e.Delta) + sizeUint(boolUint(e.Resume))
	if e.plain() {
		return n
	}
	return n + sizeUint(uint64(e.Options)) + sizeUint(zigzag(e.Vivify)) + sizeUint(zigzag(e.Recache)) +
		sizeUint(e.NewCas) + sizeUintFar(e.Initial)
}

// append adds e to a DeliverRequest.
func (e *Envelope) append(dst []byte) []byte {
	dst = append(dst, elementTag)
	dst = binary.AppendUvarint(dst, uint64(e.size()))
	dst = appendUint(dst, envelopeID, e.ID)
	dst = appendUint(dst, envelopeOp, uint64(e.Op))
	dst = appendUint(dst, envelopeShard, uint64(e.Shard))
	dst = appendUint(dst, envelopeEpoch, e.Epoch)
	dst = appendBytes(dst, envelopeKey, e.Key)
	dst = appendBytes(dst, envelopeValue, e.Value)
	dst = appendUint(dst, envelopeFlags, uint64(e.Flags))
	dst = appendUint(dst, envelopeExptime, zigzag(e.Exptime))
	dst = appendUint(dst, envelopeCas, e.Cas)
	dst = appendUint(dst, envelopeDelta, e.Delta)
	dst = appendUint(dst, envelopeResume, boolUint(e.Resume))
	if e.plain() {
		return dst
	}
	return e.appendOptions(dst)
}

func (e *Envelope) appendOptions(dst []byte) []byte {
	dst = appendUint(dst, envelopeOptions, uint64(e.Options))
	dst = appendUint(dst, envelopeVivify, zigzag(e.Vivify))
	dst = appendUint(dst, envelopeRecache, zigzag(e.Recache))
	dst = appendUint(dst, envelopeNewCas, e.NewCas)
	return appendUintFar(dst, envelopeInitial, e.Initial)
}

// decode reads an envelope; its Key and Value alias msg.
func (e *Envelope) decode(msg []byte) error {
	*e = Envelope{}
	r := reader{buf: msg}
	for {
		field, typ, ok := r.next()
		if !ok {
			return r.err
		}
		e.set(&r, field, typ)
	}
}

func (e *Envelope) set(r *reader, field, typ int) {
	switch field {
	case envelopeID:
		e.ID = r.uint(typ)
	case envelopeOp:
		e.Op = shardv1.Op(r.uint(typ))
	case envelopeShard:
		e.Shard = uint32(r.uint(typ))
	case envelopeEpoch:
		e.Epoch = r.uint(typ)
	case envelopeKey:
		e.Key = r.data(typ)
	case envelopeValue:
		e.Value = r.data(typ)
	case envelopeFlags:
		e.Flags = uint32(r.uint(typ))
	case envelopeExptime:
		e.Exptime = unzigzag(r.uint(typ))
	case envelopeCas:
		e.Cas = r.uint(typ)
	case envelopeDelta:
		e.Delta = r.uint(typ)
	case envelopeResume:
		e.Resume = r.uint(typ) != 0
	case envelopeOptions:
		e.Options = uint32(r.uint(typ))
	case envelopeVivify:
		e.Vivify = unzigzag(r.uint(typ))
	case envelopeRecache:
		e.Recache = unzigzag(r.uint(typ))
	case envelopeNewCas:
		e.NewCas = r.uint(typ)
	case envelopeInitial:
		e.Initial = r.uint(typ)
	default:
		r.skip(typ)
	}
}

func boolUint(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
