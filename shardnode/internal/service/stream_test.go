package service

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/region"
)

func TestBatchesAreAnswered(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	var sets, gets []*shardv1.Envelope
	for i := range 1000 {
		sets = append(sets, c.envelope(shardv1.Op_OP_SET, key(i), fmt.Sprint("value", i)))
	}
	c.send(sets...)
	for id, r := range c.receive(1000) {
		if r.GetStatus() != shardv1.Status_STATUS_OK {
			t.Fatalf("reply %d: %s", id, r.GetStatus())
		}
	}
	for i := range 1000 {
		gets = append(gets, c.envelope(shardv1.Op_OP_GET, key(i), ""))
	}
	c.send(gets[:500]...)
	c.send(gets[500:]...)
	replies := c.receive(1000)
	for i, e := range gets {
		if got := string(replies[e.GetId()].GetValue()); got != fmt.Sprint("value", i) {
			t.Fatalf("key%d is %q", i, got)
		}
	}
}

// Envelopes for one key are executed in the order of the stream, batches or not.
func TestOrderWithinAStream(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	c.call(c.envelope(shardv1.Op_OP_SET, "k", ""))
	want, n := "", 0
	for batch := range 50 {
		var all []*shardv1.Envelope
		for i := range batch {
			all = append(all, c.envelope(shardv1.Op_OP_APPEND, "k", fmt.Sprintf("%d.%d ", batch, i)))
			want += fmt.Sprintf("%d.%d ", batch, i)
		}
		c.send(all...)
		n += batch
	}
	c.receive(n)
	if got := string(c.call(c.envelope(shardv1.Op_OP_GET, "k", "")).GetValue()); got != want {
		t.Fatalf("value is %q, want %q", got, want)
	}
}

func TestEmptyBatch(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	c.send()
	wantStatus(t, c.call(c.envelope(shardv1.Op_OP_GET, "k", "")), shardv1.Status_STATUS_NOT_FOUND)
}

// A batch of gets for large values is answered in messages of a bounded size.
func TestRepliesAreSplit(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	c.call(c.envelope(shardv1.Op_OP_SET, "k", strings.Repeat("x", 100_000)))
	var gets []*shardv1.Envelope
	for range 100 {
		gets = append(gets, c.envelope(shardv1.Op_OP_GET, "k", ""))
	}
	c.send(gets...)
	for n := 0; n < 100; {
		in, err := c.stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		n += len(in.GetReplies())
		if len(in.GetReplies()) > wire.BatchBytes/100_000 {
			t.Fatalf("%d replies of 100 kB in one message", len(in.GetReplies()))
		}
	}
}

// The largest value there is gets through, behind others in one batch as well.
func TestLargestValue(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("moves values of 128 MB")
	}
	f := newServing(t)
	c := f.converse()
	value := strings.Repeat("x", wire.MaxValue-1000)
	wantStatus(t, c.call(c.envelope(shardv1.Op_OP_SET, "small", strings.Repeat("y", 200_000))), shardv1.Status_STATUS_OK)
	wantStatus(t, c.call(c.envelope(shardv1.Op_OP_SET, "large", value)), shardv1.Status_STATUS_OK)
	first, second := c.envelope(shardv1.Op_OP_GET, "small", ""), c.envelope(shardv1.Op_OP_GET, "large", "")
	c.send(first, second)
	replies := c.receive(2)
	if len(replies[first.GetId()].GetValue()) != 200_000 || string(replies[second.GetId()].GetValue()) != value {
		t.Fatal("another value came back")
	}
}

func TestLateReplies(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	h := f.hold("hot")
	set, get := c.envelope(shardv1.Op_OP_SET, "hot", "late"), c.envelope(shardv1.Op_OP_GET, "hot", "")
	cold := c.envelope(shardv1.Op_OP_GET, "cold", "")
	c.send(set, get, cold)
	if r := c.receive(1)[cold.GetId()]; r == nil {
		t.Fatal("the cold key had to wait for the hot one")
	}
	h.release()
	if replies := c.receive(2); string(replies[get.GetId()].GetValue()) != "late" {
		t.Fatalf("%v", replies)
	}
}

// A client that closes its side gets all replies, late ones too, and a stream that
// has ended in order.
func TestClientCloses(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	h := f.hold("hot")
	c.send(c.envelope(shardv1.Op_OP_SET, "hot", "x"), c.envelope(shardv1.Op_OP_SET, "cold", "x"))
	if err := c.stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	c.receive(1)
	h.release()
	c.receive(1)
	c.expectEnd()
}

// A client that goes away leaves nothing behind; its mail is executed.
func TestClientVanishes(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	h := f.hold("hot")
	c.send(c.envelope(shardv1.Op_OP_SET, "hot", "x"))
	f.awaitMails(1)
	c.cancel()
	h.release()
	f.region.Wait()
	again := f.converse()
	if r := again.call(again.envelope(shardv1.Op_OP_GET, "hot", "")); string(r.GetValue()) != "x" {
		t.Fatalf("%v", r)
	}
}

// A client that does not read stops its own stream, and no other one.
func TestSlowReaderStopsItselfOnly(t *testing.T) {
	f := newServing(t)
	slow, quick := f.converse(), f.converse()
	slow.call(slow.envelope(shardv1.Op_OP_SET, "k", strings.Repeat("x", 1<<20)))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for range 1000 { // 1 GB of replies
			if slow.stream.Send(&shardv1.DeliverRequest{Envelopes: []*shardv1.Envelope{{
				Op: shardv1.Op_OP_GET, Shard: uint32(f.m.Of([]byte("k"))), Key: []byte("k"),
			}}}) != nil {
				return
			}
		}
	}()
	for i := range 500 {
		wantStatus(t, quick.call(quick.envelope(shardv1.Op_OP_SET, key(i), "v")), shardv1.Status_STATUS_OK)
	}
	if gets := f.region.Stats().Counts[region.CmdGet]; gets > 30 {
		t.Fatalf("%d gets of 1 MB were executed for a client that reads nothing", gets)
	}
	slow.cancel()
	<-sent
}

// Late replies that are not read break the stream when they are too many: the
// actors have not waited.
func TestUnreadLateRepliesBreakTheStream(t *testing.T) {
	f := newServing(t)
	const rounds, size = 4, 1 << 20 // 80 MB
	writer := f.converse()
	for k := range rounds {
		writer.call(writer.envelope(shardv1.Op_OP_SET, key(k), strings.Repeat("x", size)))
	}
	c := f.converse()
	for k := range rounds { // keys in turn are held while the stream sends mail for them
		h := f.hold(key(k))
		var gets []*shardv1.Envelope
		for range 20 {
			gets = append(gets, c.envelope(shardv1.Op_OP_GET, key(k), ""))
		}
		c.send(gets...)
		f.awaitMails(20 * (k + 1))
		h.release()
		f.region.Wait()
	}
	var err error
	for err == nil {
		_, err = c.stream.Recv()
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Fatalf("stream ended with %v", err)
	}
	again := f.converse()
	wantStatus(t, again.call(again.envelope(shardv1.Op_OP_GET, "k", "")), shardv1.Status_STATUS_NOT_FOUND)
}

// After a moved all envelopes for the shard are refused, up to one that resumes.
func TestNothingOvertakesAMoved(t *testing.T) {
	f := newServing(t)
	f.setMap(2, nobody)
	c := f.converse()
	moved := c.call(c.envelope(shardv1.Op_OP_SET, "k", "1"))
	wantStatus(t, moved, shardv1.Status_STATUS_MOVED)
	if m := moved.GetMoved(); m.GetNodeId() != other || m.GetAddress() != "127.0.0.1:2" || m.GetMapVersion() != 2 {
		t.Fatalf("moved says %v", m)
	}
	f.setMap(3, all)
	second := c.envelope(shardv1.Op_OP_SET, "k", "2") // sent before the client knew
	wantStatus(t, c.call(second), shardv1.Status_STATUS_MOVED)
	elsewhere := c.envelope(shardv1.Op_OP_SET, otherShard(f, "k"), "x")
	wantStatus(t, c.call(elsewhere), shardv1.Status_STATUS_OK)
	for _, e := range []*shardv1.Envelope{c.envelope(shardv1.Op_OP_SET, "k", "1"), c.envelope(shardv1.Op_OP_APPEND, "k", "2")} {
		e.Resume = string(e.GetValue()) == "1"
		wantStatus(t, c.call(e), shardv1.Status_STATUS_OK)
	}
	if r := c.call(c.envelope(shardv1.Op_OP_GET, "k", "")); string(r.GetValue()) != "12" {
		t.Fatalf("value is %q", r.GetValue())
	}
}

// A resume that is refused again does not resume.
func TestResumeTooEarly(t *testing.T) {
	f := newServing(t)
	f.setMap(2, nobody)
	c := f.converse()
	for range 3 {
		e := c.envelope(shardv1.Op_OP_SET, "k", "1")
		e.Resume = true
		wantStatus(t, c.call(e), shardv1.Status_STATUS_MOVED)
	}
	f.setMap(3, all)
	wantStatus(t, c.call(c.envelope(shardv1.Op_OP_SET, "k", "1")), shardv1.Status_STATUS_MOVED)
}

// Mail that is moved with its shard refuses what is behind it as well.
func TestNothingOvertakesMailThatIsMoved(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	h := f.hold("k")
	c.send(c.envelope(shardv1.Op_OP_SET, "k", "1"))
	f.awaitMails(1)
	f.setMap(2, nobody)
	f.setMap(3, all)
	behind := c.envelope(shardv1.Op_OP_SET, "k", "2")
	c.send(behind)
	for id, r := range c.receive(2) {
		if r.GetStatus() != shardv1.Status_STATUS_MOVED {
			t.Fatalf("reply %d is %s", id, r.GetStatus())
		}
	}
	h.release()
}

// Another stream knows nothing of that.
func TestRefusalsAreTheStreamsOwn(t *testing.T) {
	f := newServing(t)
	f.setMap(2, nobody)
	c := f.converse()
	wantStatus(t, c.call(c.envelope(shardv1.Op_OP_SET, "k", "1")), shardv1.Status_STATUS_MOVED)
	f.setMap(3, all)
	fresh := f.converse()
	wantStatus(t, fresh.call(fresh.envelope(shardv1.Op_OP_SET, "k", "1")), shardv1.Status_STATUS_OK)
}

func otherShard(f *fixture, k string) string {
	for i := 0; ; i++ {
		if f.m.Of([]byte(key(i))) != f.m.Of([]byte(k)) {
			return key(i)
		}
	}
}

// Bytes that are no batch break the stream, and nothing else.
func TestGarbageBreaksItsStreamOnly(t *testing.T) {
	f := newServing(t)
	c := f.converse(grpc.ForceCodec(garbage{}))
	if err := c.stream.Send(nil); err != nil {
		t.Fatal(err)
	}
	if err := c.stream.RecvMsg(nil); status.Code(err) != codes.InvalidArgument {
		t.Fatalf("stream ended with %v", err)
	}
	again := f.converse()
	wantStatus(t, again.call(again.envelope(shardv1.Op_OP_GET, "k", "")), shardv1.Status_STATUS_NOT_FOUND)
}

// garbage is a codec of another world.
type garbage struct{}

func (garbage) Name() string                { return "proto" }
func (garbage) Marshal(any) ([]byte, error) { return []byte("\x0a\xff\xff\xff\xff\x0fnonsense"), nil }
func (garbage) Unmarshal([]byte, any) error { return nil }

func TestNonsenseEnvelopesAreAnswered(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	c.send(&shardv1.Envelope{Id: 1}, &shardv1.Envelope{Id: 2, Op: 99, Key: []byte("k")},
		&shardv1.Envelope{Id: 3, Op: shardv1.Op_OP_GET, Shard: 1 << 31, Key: []byte("k")},
		&shardv1.Envelope{Id: 4, Op: shardv1.Op_OP_GET, Key: make([]byte, 1000)})
	for id, r := range c.receive(4) {
		if r.GetStatus() != shardv1.Status_STATUS_INVALID || r.GetMessage() == "" {
			t.Errorf("reply %d: %v", id, r)
		}
	}
}

// Without a map all is moved; what a client makes up does not pile up.
func TestWithoutAMap(t *testing.T) {
	f := newFixture(t)
	c := f.converse()
	for i := range 3 {
		c.send(&shardv1.Envelope{Id: uint64(i), Op: shardv1.Op_OP_GET, Shard: 1 << (10 * i), Key: []byte("k")})
	}
	for _, r := range c.receive(3) {
		wantStatus(t, r, shardv1.Status_STATUS_MOVED)
	}
}

func TestDrainEndsStreamsInOrder(t *testing.T) {
	f := newServing(t)
	idle, busy := f.converse(), f.converse()
	idle.call(idle.envelope(shardv1.Op_OP_SET, "k", "1"))
	h := f.hold("hot")
	busy.send(busy.envelope(shardv1.Op_OP_SET, "hot", "late"))
	f.awaitMails(1)
	f.service.Drain()
	f.service.Drain() // is one drain
	idle.expectEnd()
	h.release()
	busy.receive(1)
	busy.expectEnd()
	stopped := make(chan struct{})
	go func() { f.server.GracefulStop(); close(stopped) }()
	<-stopped
}

// While streams end, each envelope is either answered or not executed.
func TestDrainUnderLoad(t *testing.T) {
	f := newServing(t)
	c := f.converse()
	c.call(c.envelope(shardv1.Op_OP_SET, "n", "0"))
	counts := make(chan uint64)
	go func() {
		last := uint64(0)
		for {
			in, err := c.stream.Recv()
			if err != nil {
				counts <- last
				return
			}
			for _, r := range in.GetReplies() {
				last = max(last, r.GetNumber())
			}
		}
	}()
	for i := 0; ; i++ {
		e := c.envelope(shardv1.Op_OP_INCR, "n", "")
		if c.stream.Send(&shardv1.DeliverRequest{Envelopes: []*shardv1.Envelope{e, c.envelope(shardv1.Op_OP_INCR, "n", "")}}) != nil {
			break
		}
		if i == 100 {
			f.service.Drain()
		}
	}
	answered := <-counts
	f.region.Wait()
	answer := make(asked, 1)
	f.region.NewDeliverer(answer, answer).Deliver(&wire.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("n"), Shard: uint32(f.m.Of([]byte("n")))})
	if got := string((<-answer).GetValue()); got != fmt.Sprint(answered) {
		t.Fatalf("%s counted, %d answered", got, answered)
	}
}
