package service

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"pgregory.net/rapid"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Whatever is added and taken comes out once, in order, in messages of a bounded
// size, and the count of bytes is right.
func TestOutbox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o outbox
		added, taken := uint64(0), uint64(0)
		read := func(m wire.Replies) {
			var r wire.Reply
			received := reread(&m)
			n := 0
			for ok, err := received.Next(&r); ok; ok, err = received.Next(&r) {
				if err != nil || r.ID != taken+1 {
					t.Fatalf("reply %d after %d: %v", r.ID, taken, err)
				}
				taken, n = r.ID, n+len(r.Value)
			}
			if n > wire.BatchBytes && len(r.Value) != n {
				t.Fatalf("a message of %d bytes, its last value %d", n, len(r.Value))
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				if m, ok := o.take(true); ok {
					read(m)
				}
			case 1:
				if m, ok := o.take(false); ok {
					read(m)
				}
			default:
				added++
				o.add(&wire.Reply{ID: added, Value: make([]byte, rapid.SampledFrom([]int{0, 10, 90_000, 200_000, 300_000}).Draw(t, "size"))})
			}
		}
		for m, ok := o.take(true); ok; m, ok = o.take(true) {
			read(m)
		}
		if taken != added || o.bytes != 0 {
			t.Fatalf("%d added, %d taken, %d bytes left", added, taken, o.bytes)
		}
	})
}

// reread is a message as its receiver has it.
func reread(m *wire.Replies) *wire.Replies {
	data, err := wire.Codec{}.Marshal(m)
	if err != nil {
		panic(err)
	}
	var in wire.Replies
	if err := (wire.Codec{}).Unmarshal(data, &in); err != nil {
		panic(err)
	}
	return &in
}

func TestOutboxClear(t *testing.T) {
	var o outbox
	for range 5 {
		o.add(&wire.Reply{Value: make([]byte, 200_000)})
	}
	o.clear()
	if m, ok := o.take(true); ok || o.bytes != 0 {
		t.Fatalf("%d bytes, and %d of them to take", o.bytes, m.Len())
	}
}

// sunk is a stream whose client takes everything at once.
type sunk struct{ grpc.ServerStream }

func (sunk) SendMsg(m any) error {
	m.(*wire.Replies).Free()
	return nil
}

// What a batch costs beside its envelopes is constant, and an envelope costs no
// allocation.
func TestDeliveryDoesNotAllocate(t *testing.T) {
	f := newServing(t)
	st := &stream{grpc: sunk{}}
	st.late.init(st)
	d := f.region.NewDeliverer((*prompt)(st), (*tardy)(st))
	encoded := f.batch(100)
	n := testing.AllocsPerRun(200, func() {
		in := received(encoded)
		if err := st.deliver(d, in); err != nil {
			t.Fatal(err)
		}
	})
	if perEnvelope := n / 100; perEnvelope > 0.2 {
		t.Errorf("%.2f allocations per envelope", perEnvelope)
	}
	t.Logf("%v allocations for a batch of 100", n)
}

func BenchmarkDeliver(b *testing.B) {
	f := newServing(b)
	st := &stream{grpc: sunk{}}
	st.late.init(st)
	d := f.region.NewDeliverer((*prompt)(st), (*tardy)(st))
	encoded := f.batch(100)
	b.ReportAllocs()
	for b.Loop() {
		if err := st.deliver(d, received(encoded)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/envelope")
}

// batch is n envelopes, sets and gets in turn, as they are on the wire.
func (f *fixture) batch(n int) []byte {
	var out wire.Requests
	for i := range n {
		k := []byte(key(i / 2))
		e := wire.Envelope{ID: uint64(i), Op: shardv1.Op_OP_GET, Shard: uint32(f.m.Of(k)), Key: k}
		if i%2 == 0 {
			e.Op, e.Value = shardv1.Op_OP_SET, make([]byte, 100)
		}
		out.Append(&e)
	}
	data, err := wire.Codec{}.Marshal(&out)
	if err != nil {
		f.Fatal(err)
	}
	return data.Materialize()
}

// received is a batch as RecvMsg leaves it.
func received(encoded []byte) *wire.Requests {
	var in wire.Requests
	if err := (wire.Codec{}).Unmarshal(mem.BufferSlice{mem.SliceBuffer(encoded)}, &in); err != nil {
		panic(err)
	}
	return &in
}
