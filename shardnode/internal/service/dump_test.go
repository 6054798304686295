package service

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// fill stores n entries of a name.
func (f *fixture) fill(name string, n int) {
	f.Helper()
	d := f.region.NewDeliverer(none{}, none{})
	for i := range n {
		key := fmt.Appendf(nil, "%s%d", name, i)
		d.Deliver(&wire.Envelope{Op: shardv1.Op_OP_SET, Shard: uint32(f.m.Of(key)), Key: key, Value: []byte("value"), Flags: 7})
	}
}

// none is a Sink that drops replies.
type none struct{}

func (none) Reply(uint32, *wire.Reply) {}

func TestDump(t *testing.T) {
	f := newServing(t)
	f.fill("k", 1000)
	stream, err := f.client.Dump(within(t), &shardv1.DumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.GetEntries() {
			if e.GetSize() != 5 || e.GetFlags() != 7 || e.GetCas() == 0 || e.GetAccessed() == 0 || keys[string(e.GetKey())] {
				t.Fatalf("%v", e)
			}
			keys[string(e.GetKey())] = true
		}
	}
	if len(keys) != 1000 {
		t.Fatalf("%d keys", len(keys))
	}
}

// A dump that is not read stops, bounded by the flow control; commands go on, and
// the drain of the node ends it with an error.
func TestDumpThatIsNotRead(t *testing.T) {
	f := newServing(t)
	f.fill("k", 20_000) // more than the test's window of 64 KB
	stream, err := f.client.Dump(within(t), &shardv1.DumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	f.fill("more", 100)
	f.service.Drain()
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Unavailable {
		t.Fatalf("the dump of a node that left ended with %v", err)
	}
}

func TestTooManyDumps(t *testing.T) {
	f := newServing(t)
	f.fill("k", 20_000)
	for range maxDumps {
		stream, err := f.client.Dump(within(t), &shardv1.DumpRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := f.client.Dump(within(t), &shardv1.DumpRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Fatalf("one more dump: %v", err)
	}
}
