package region

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// gate stops each turn for a value that begins with "stop" until it is opened.
type gate struct {
	entered chan struct{}
	open    chan struct{}
}

func (f *fixture) gate() *gate {
	g := &gate{entered: make(chan struct{}, 100), open: make(chan struct{})}
	f.step = func(a entry.Actor, m *entry.Message, t *entry.Turn) entry.Outcome {
		if bytes.HasPrefix(m.Value, []byte("stop")) {
			g.entered <- struct{}{}
			<-g.open
		}
		return entry.Step(a, m, t)
	}
	return g
}

func (g *gate) awaitTurn(t testing.TB) {
	t.Helper()
	select {
	case <-g.entered:
	case <-time.After(10 * time.Second):
		t.Fatal("no turn has begun")
	}
}

// hold starts a turn for key in another stream and returns when it is under way;
// done is closed when its Deliver has returned.
func (f *fixture) hold(g *gate, key string) (done chan struct{}) {
	done = make(chan struct{})
	d := f.NewDeliverer(none{}, none{})
	go func() {
		defer close(done)
		d.Deliver(&wire.Envelope{
			Op: shardv1.Op_OP_SET, Shard: uint32(f.m.Of([]byte(key))), Key: []byte(key), Value: []byte("stop"),
		})
	}()
	g.awaitTurn(f.t)
	return done
}

func TestMailWaitsForItsTurnAndOthersDoNot(t *testing.T) {
	f := newFixture(t, 1)
	g := f.gate()
	done := f.hold(g, "hot")
	if r := f.set("hot", "1"); r != nil {
		t.Fatalf("a message for a running actor was answered at once: %+v", r)
	}
	e := f.op(shardv1.Op_OP_APPEND, "hot")
	e.Value = []byte("2")
	f.send(e)
	read := f.op(shardv1.Op_OP_GET, "hot")
	f.send(read)
	f.want(f.set("cold", "x"), statusOK) // same shard
	close(g.open)
	<-done
	if order := f.late.await(3); fmt.Sprint(order) != "[1 2 3]" {
		t.Fatalf("mail was handled in the order %v", order)
	}
	r, _ := f.late.take(3)
	if string(r.Value) != "12" {
		t.Fatalf("value is %q", r.Value)
	}
	f.Wait()
	f.check()
	if s := f.Stats(); s.Counts[Mails] != 3 {
		t.Fatalf("%d mails", s.Counts[Mails])
	}
}

// The deliverer's envelope is its own again when Deliver returns, also if its
// message is still in a mailbox.
func TestMailOwnsItsBytes(t *testing.T) {
	f := newFixture(t, 1)
	g := f.gate()
	done := f.hold(g, "hot")
	key, value := []byte("hot"), []byte("first")
	e := wire.Envelope{ID: 1, Op: shardv1.Op_OP_SET, Key: key, Value: value}
	f.d.Deliver(&e)
	copy(key, "XXX")
	copy(value, "XXXXX")
	f.id = 1
	close(g.open)
	<-done
	f.late.await(1)
	f.Wait()
	if got := f.value("hot"); got != "first" {
		t.Fatalf("value is %q", got)
	}
}

func TestMailboxIsBounded(t *testing.T) {
	f := newFixture(t, 1)
	g := f.gate()
	done := f.hold(g, "hot")
	most := maxMailBytes / (mailOverhead + len("hot") + len("x"))
	for i := range most {
		if r := f.set("hot", "x"); r != nil {
			t.Fatalf("message %d: %s", i, r.Status)
		}
	}
	f.want(f.set("hot", "x"), shardv1.Status_STATUS_BUSY)
	close(g.open)
	<-done
	f.late.await(most)
	f.Wait()
	f.want(f.set("hot", "x"), statusOK)
	f.check()
}

func TestMailboxIsBoundedInBytes(t *testing.T) {
	f := newFixture(t, 1, func(o *Options) { o.MaxItem = 8 << 20 })
	g := f.gate()
	done := f.hold(g, "hot")
	huge := strings.Repeat("x", maxMailBytes+1)
	if r := f.set("hot", huge); r != nil {
		t.Fatalf("one message must always fit: %s", r.Status)
	}
	f.want(f.set("hot", "x"), shardv1.Status_STATUS_BUSY)
	close(g.open)
	<-done
	f.late.await(1)
	f.Wait()
}

// A hot key may not hold up a stream: after maxTurns turns the actor has a
// goroutine of its own, and Deliver returns.
func TestBusyActorGetsItsOwnGoroutine(t *testing.T) {
	f := newFixture(t, 1)
	g := f.gate()
	done := f.hold(g, "hot")
	for range maxTurns - 1 {
		f.set("hot", "x")
	}
	f.set("hot", "stop again") // the turn after the last one that the stream runs
	f.set("hot", "last")
	g.open <- struct{}{}
	select {
	case <-done: // though the actor is stopped again
	case <-time.After(10 * time.Second):
		t.Fatal("the stream is held up")
	}
	g.awaitTurn(t)
	f.want(f.set("cold", "x"), statusOK)
	close(g.open)
	f.late.await(maxTurns + 1)
	f.Wait()
	if got := f.value("hot"); got != "last" {
		t.Fatalf("value is %q", got)
	}
	if s := f.Stats(); s.Counts[BusyActors] != 1 {
		t.Fatalf("%d busy actors", s.Counts[BusyActors])
	}
	f.check()
}

// MemAkka's bug: the mail of an actor that a delete had ended was lost.
func TestDeletedActorsMailIsNotLost(t *testing.T) {
	f := newFixture(t, 1)
	g := f.gate()
	done := f.hold(g, "k")
	f.send(f.op(shardv1.Op_OP_DELETE, "k"))
	f.send(f.op(shardv1.Op_OP_GET, "k"))
	f.set("k", "new")
	f.send(f.op(shardv1.Op_OP_DELETE, "k"))
	f.set("k", "newer")
	f.send(f.op(shardv1.Op_OP_GET, "k"))
	close(g.open)
	<-done
	f.late.await(6)
	f.Wait()
	for id, want := range map[uint64]shardv1.Status{1: statusOK, 2: statusNotFound, 4: statusOK, 6: statusOK} {
		r, _ := f.late.take(id)
		f.want(r, want)
	}
	if got := f.value("k"); got != "newer" {
		t.Fatalf("value is %q", got)
	}
	f.check()
}

func TestPanicEndsOnlyItsTurn(t *testing.T) {
	f := newFixture(t, 4)
	f.set("k", "v")
	f.step = func(a entry.Actor, m *entry.Message, t *entry.Turn) entry.Outcome {
		if string(m.Value) == "boom" {
			panic("boom")
		}
		return entry.Step(a, m, t)
	}
	for range 3 {
		r := f.set("k", "boom")
		f.want(r, shardv1.Status_STATUS_INTERNAL)
		if !strings.Contains(r.Message, "boom") {
			t.Fatalf("message is %q", r.Message)
		}
		f.want(f.set("other", "boom"), shardv1.Status_STATUS_INTERNAL)
	}
	if got := f.value("k"); got != "v" {
		t.Fatalf("value is %q", got)
	}
	f.want(f.get("other"), statusNotFound)
	f.want(f.set("k", "new"), statusOK)
	if s := f.Stats(); s.Counts[Panics] != 6 {
		t.Fatalf("%d panics", s.Counts[Panics])
	}
	f.check()
}

// The mail behind a turn that panics is handled all the same, and a panic while
// the reply is written leaves memory and budget right.
func TestPanicInTheReply(t *testing.T) {
	f := newFixture(t, 1)
	f.d = f.NewDeliverer(&faultySink{inbox: f.now, faults: 1}, f.late)
	f.want(f.get("k"), shardv1.Status_STATUS_INTERNAL)
	f.d = f.NewDeliverer(&faultySink{inbox: f.now, faults: 1}, f.late)
	f.want(f.set("k", "v"), shardv1.Status_STATUS_INTERNAL)
	if got := f.value("k"); got != "v" {
		t.Fatalf("a set that was fully written is not there: %q", got)
	}
	f.check()
}

// faultySink panics at its first replies, before it takes them.
type faultySink struct {
	*inbox
	faults int
}

func (s *faultySink) Reply(shard uint32, r *wire.Reply) {
	if s.faults > 0 && r.Status != shardv1.Status_STATUS_INTERNAL {
		s.faults--
		panic("no room for the reply")
	}
	s.inbox.Reply(shard, r)
}

func TestMoved(t *testing.T) {
	f := newFixture(t, 16)
	f.set("k", "v")
	id := uint32(f.m.Of([]byte("k")))
	e := wire.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k"), Epoch: 6}
	r := f.send(e)
	f.want(r, shardv1.Status_STATUS_MOVED)
	if r.Moved.GetNodeId() != self || r.Moved.GetEpoch() != 7 || r.Moved.GetMapVersion() != 1 {
		t.Fatalf("moved says %v", r.Moved)
	}
	e.Epoch = 7
	f.want(f.send(e), statusOK)

	if err := f.SetMap(mapOf(t, 2, 16, 8, func(i int) bool { return uint32(i) != id })); err != nil {
		t.Fatal(err)
	}
	for _, epoch := range []uint64{0, 7, 8} {
		e.Epoch = epoch
		r := f.send(e)
		f.want(r, shardv1.Status_STATUS_MOVED)
		if r.Moved.GetNodeId() != other || r.Moved.GetAddress() != "127.0.0.1:2" || r.Moved.GetMapVersion() != 2 {
			t.Fatalf("moved says %v", r.Moved)
		}
	}
	f.want(f.send(wire.Envelope{Op: shardv1.Op_OP_FLUSH, Shard: id}), shardv1.Status_STATUS_MOVED)
	f.check()

	// Back again: the entries of the earlier epoch are not.
	if err := f.SetMap(mapOf(t, 3, 16, 9, all)); err != nil {
		t.Fatal(err)
	}
	e.Epoch = 9
	f.want(f.send(e), statusNotFound)
	f.check()
}

func TestMailOfAShardThatGoesIsMoved(t *testing.T) {
	f := newFixture(t, 1)
	g := f.gate()
	done := f.hold(g, "k")
	f.set("k", "mail")
	f.send(f.op(shardv1.Op_OP_GET, "k"))
	if err := f.SetMap(mapOf(t, 2, 1, 8, func(int) bool { return false })); err != nil {
		t.Fatal(err)
	}
	f.late.await(2)
	for id := uint64(1); id <= 2; id++ {
		r, _ := f.late.take(id)
		f.want(r, shardv1.Status_STATUS_MOVED)
		if r.Moved.GetMapVersion() != 2 {
			t.Fatalf("moved says %v", r.Moved)
		}
	}
	close(g.open)
	<-done
	f.check()
	if used := f.budget.used.Load(); used != 0 {
		t.Fatalf("%d bytes are still taken", used)
	}
}

func TestWithoutAMapAllIsMoved(t *testing.T) {
	r := New(Options{NodeID: self, Memory: 1 << 20, MaxItem: 1 << 20})
	in := newInbox()
	d := r.NewDeliverer(in, in)
	d.Deliver(&wire.Envelope{ID: 1, Op: shardv1.Op_OP_GET, Key: []byte("k")})
	d.Deliver(&wire.Envelope{ID: 2, Op: shardv1.Op_OP_FLUSH})
	for id := uint64(1); id <= 2; id++ {
		if got, _ := in.take(id); got.Status != shardv1.Status_STATUS_MOVED || got.Moved != nil {
			t.Fatalf("%+v", got)
		}
	}
	if s := r.Stats(); s.Counts[Moved] != 2 {
		t.Fatalf("%v", s.Counts)
	}
}

func TestMapsThatAreNotTaken(t *testing.T) {
	f := newFixture(t, 4)
	f.set("k", "v")
	if err := f.SetMap(mapOf(t, 5, 4, 7, all)); err != nil {
		t.Fatal(err)
	}
	if got := f.value("k"); got != "v" {
		t.Fatalf("a new map under the same epoch lost the entry: %q", got)
	}
	if err := f.SetMap(mapOf(t, 4, 4, 9, all)); err == nil {
		t.Error("an older map was taken")
	}
	if err := f.SetMap(mapOf(t, 6, 8, 9, all)); err == nil {
		t.Error("a map of another shard count was taken")
	}
	if err := f.SetMap(mapOf(t, 5, 4, 9, all)); err != nil || f.value("k") != "v" {
		t.Errorf("the same version again must be nothing: %v", err)
	}
}

// Each shard that comes and goes while many streams deliver: nothing is lost but
// what belonged to shards that went.
func TestMapsChangeUnderLoad(t *testing.T) {
	f := newFixture(t, 8, func(o *Options) { o.Memory = 1 << 20 })
	var stop atomic.Bool
	done := make(chan int, 4)
	for s := range 4 {
		go func() {
			in, n := newInbox(), 0
			d := f.NewDeliverer(in, in)
			for ; !stop.Load(); n++ {
				key := fmt.Appendf(nil, "key%d", n%50)
				e := wire.Envelope{ID: uint64(n), Op: shardv1.Op_OP_SET, Key: key, Value: make([]byte, n%3000+s)}
				e.Shard = uint32(f.m.Of(key))
				d.Begin()
				d.Deliver(&e)
			}
			in.await(n)
			done <- n
		}()
	}
	for v := uint64(2); v < 300; v++ {
		if err := f.SetMap(mapOf(t, v, 8, v, func(i int) bool { return (i+int(v))%3 != 0 })); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	for range 4 {
		<-done
	}
	f.Wait()
	f.check()
}
