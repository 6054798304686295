package wire

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// Codec is gRPC's proto codec with a short cut: Requests and Replies pass as the
// bytes that they are. Use it with grpc.ForceServerCodecV2 and
// grpc.ForceCodecV2; every other message is encoded as always.
type Codec struct{}

var generated = encoding.GetCodecV2(proto.Name)

// Name says that the bytes are protobuf's.
func (Codec) Name() string { return proto.Name }

// Marshal takes the buffer of a batch, which is empty afterwards.
func (Codec) Marshal(v any) (mem.BufferSlice, error) {
	switch m := v.(type) {
	case *Requests:
		return m.take(), nil
	case *Replies:
		return m.take(), nil
	default:
		return generated.Marshal(v)
	}
}

// Unmarshal makes a batch a view of data, to be freed by its user.
func (Codec) Unmarshal(data mem.BufferSlice, v any) error {
	switch m := v.(type) {
	case *Requests:
		m.fill(data)
	case *Replies:
		m.fill(data)
	default:
		return generated.Unmarshal(data, v)
	}
	return nil
}
