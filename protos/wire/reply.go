package wire

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/proto"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// The fields of shardv1.Reply.
const (
	replyID      = 1
	replyStatus  = 2
	replyValue   = 3
	replyFlags   = 4
	replyCas     = 5
	replyNumber  = 6
	replyMessage = 7
	replyMoved   = 8
	replyMarks   = 9
	replyTTL     = 10
	replyIdle    = 11
	replySize    = 12
)

// plain tells whether none of the fields from replyMarks on is set.
func (r *Reply) plain() bool { return uint64(r.Marks)|uint64(r.TTL)|r.Idle|r.Size == 0 }

func (r *Reply) size() int {
	n := sizeUint(r.ID) + sizeUint(uint64(r.Status)) + sizeBytes(r.Value) + sizeUint(uint64(r.Flags)) +
		sizeUint(r.Cas) + sizeUint(r.Number) + sizeBytes(r.Message)
	if r.Moved != nil {
		m := proto.Size(r.Moved)
		n += 1 + varintLen(uint64(m)) + m
	}
	if r.plain() {
		return n
	}
	return n + sizeUint(uint64(r.Marks)) + sizeUint(zigzag(r.TTL)) + sizeUint(r.Idle) + sizeUint(r.Size)
}

// append adds r to a DeliverResponse.
func (r *Reply) append(dst []byte) []byte {
	dst = append(dst, elementTag)
	dst = binary.AppendUvarint(dst, uint64(r.size()))
	dst = appendUint(dst, replyID, r.ID)
	dst = appendUint(dst, replyStatus, uint64(r.Status))
	dst = appendBytes(dst, replyValue, r.Value)
	dst = appendUint(dst, replyFlags, uint64(r.Flags))
	dst = appendUint(dst, replyCas, r.Cas)
	dst = appendUint(dst, replyNumber, r.Number)
	dst = appendBytes(dst, replyMessage, r.Message)
	dst = appendMoved(dst, r.Moved)
	if r.plain() {
		return dst
	}
	return r.appendDetails(dst)
}

func (r *Reply) appendDetails(dst []byte) []byte {
	dst = appendUint(dst, replyMarks, uint64(r.Marks))
	dst = appendUint(dst, replyTTL, zigzag(r.TTL))
	dst = appendUint(dst, replyIdle, r.Idle)
	return appendUint(dst, replySize, r.Size)
}

// appendMoved leaves the rare and nested field to the generated code. Marshal
// cannot fail on it but for a string that is not UTF-8, which a node id never is.
func appendMoved(dst []byte, m *shardv1.Moved) []byte {
	if m == nil {
		return dst
	}
	dst = append(dst, replyMoved<<3|typeBytes)
	dst = binary.AppendUvarint(dst, uint64(proto.Size(m)))
	out, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(dst, m)
	if err != nil {
		panic(fmt.Sprintf("wire: moved entry %v: %v", m, err))
	}
	return out
}

// decode reads a reply; its Value aliases msg.
func (r *Reply) decode(msg []byte) error {
	*r = Reply{}
	in := reader{buf: msg}
	for {
		field, typ, ok := in.next()
		if !ok {
			return in.err
		}
		r.set(&in, field, typ)
	}
}

func (r *Reply) set(in *reader, field, typ int) {
	switch field {
	case replyID:
		r.ID = in.uint(typ)
	case replyStatus:
		r.Status = shardv1.Status(in.uint(typ))
	case replyValue:
		r.Value = in.data(typ)
	case replyFlags:
		r.Flags = uint32(in.uint(typ))
	case replyCas:
		r.Cas = in.uint(typ)
	case replyNumber:
		r.Number = in.uint(typ)
	case replyMessage:
		r.Message = string(in.data(typ))
	case replyMoved:
		r.setMoved(in, in.data(typ))
	case replyMarks:
		r.Marks = uint32(in.uint(typ))
	case replyTTL:
		r.TTL = unzigzag(in.uint(typ))
	case replyIdle:
		r.Idle = in.uint(typ)
	case replySize:
		r.Size = in.uint(typ)
	default:
		in.skip(typ)
	}
}

func (r *Reply) setMoved(in *reader, msg []byte) {
	m := new(shardv1.Moved)
	if err := proto.Unmarshal(msg, m); err != nil {
		in.fail("moved entry")
		return
	}
	r.Moved = m
}
