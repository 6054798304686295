package region

import (
	"fmt"
	"strings"
	"testing"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

const (
	statusOK       = shardv1.Status_STATUS_OK
	statusNotFound = shardv1.Status_STATUS_NOT_FOUND
)

// The numbers of the pure core are those of the contract.
func TestOpsAndStatusesAreTheContracts(t *testing.T) {
	for n, name := range shardv1.Op_name {
		want := strings.ToLower(strings.TrimPrefix(name, "OP_"))
		op := entry.Op(n)
		if op.Valid() != (n != 0 && want != "flush") || op.Valid() && op.String() != want {
			t.Errorf("op %d is %s in the contract, and %s here", n, name, op)
		}
	}
	for s := entry.OK; s <= entry.TooLarge; s++ {
		want := "STATUS_" + strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(s.String()))
		if got := shardv1.Status(s).String(); got != want {
			t.Errorf("status %q is %s in the contract", s, got)
		}
	}
}

func TestStoreAndRead(t *testing.T) {
	f := newFixture(t, 16)
	for i := range 1000 {
		f.want(f.set(fmt.Sprint("key", i), fmt.Sprint("value", i)), statusOK)
	}
	for i := range 1000 {
		if got := f.value(fmt.Sprint("key", i)); got != fmt.Sprint("value", i) {
			t.Fatalf("key%d is %q", i, got)
		}
	}
	for i := 0; i < 1000; i += 2 {
		f.want(f.send(f.op(shardv1.Op_OP_DELETE, fmt.Sprint("key", i))), statusOK)
	}
	f.check()
	for i := range 1000 {
		want := fmt.Sprint("value", i)
		if i%2 == 0 {
			want = "-"
		}
		if got := f.value(fmt.Sprint("key", i)); got != want {
			t.Fatalf("key%d is %q, want %q", i, got, want)
		}
	}
	if s := f.Stats(); s.Items != 500 || s.Counts[TotalItems] != 1000 || s.Counts[GetMisses] != 500 {
		t.Fatalf("%+v", s)
	}
}

// A value may grow and shrink in place, or need another block.
func TestValuesOfAllLengths(t *testing.T) {
	f := newFixture(t, 1)
	for _, n := range []int{0, 1, 100, 101, 99, 5000, 4990, 10, 0, 1 << 19, 3} {
		v := strings.Repeat("x", n)
		f.want(f.set("k", v), statusOK)
		if got := f.value("k"); got != v {
			t.Fatalf("%d bytes, want %d", len(got), n)
		}
		f.check()
	}
	f.want(f.send(wire.Envelope{Op: shardv1.Op_OP_APPEND, Key: []byte("k"), Value: []byte("yz")}), statusOK)
	f.want(f.send(wire.Envelope{Op: shardv1.Op_OP_PREPEND, Key: []byte("k"), Value: []byte("ab")}), statusOK)
	if got := f.value("k"); got != "abxxxyz" {
		t.Fatalf("value is %q", got)
	}
}

// MemAkka's bug: a miss created an actor for good.
func TestMissLeavesNothingBehind(t *testing.T) {
	f := newFixture(t, 4)
	for i := range 10000 {
		key := fmt.Sprint("missing", i)
		for op := shardv1.Op_OP_GET; op < shardv1.Op_OP_FLUSH; op++ {
			if op != shardv1.Op_OP_SET && op != shardv1.Op_OP_ADD {
				f.send(f.op(op, key))
			}
		}
	}
	f.check()
	for _, h := range f.hosting.Load().list {
		if len(h.table.slots) != 1 || len(h.table.index.cells) != minIndex || h.table.bytes != 0 || cap(h.running) > 1 {
			t.Fatalf("shard %d holds %d slots", h.id, len(h.table.slots))
		}
	}
}

// MemAkka's bug: cas began at 1 again after a delete.
func TestCasUniqueGrowsAlwaysAndIsUniqueInTheNode(t *testing.T) {
	f := newFixture(t, 8)
	seen := map[uint64]string{}
	last := map[string]uint64{}
	note := func(key string, r *wire.Reply) {
		t.Helper()
		f.want(r, statusOK)
		if r.Cas <= 1 || r.Cas <= last[key] || seen[r.Cas] != "" {
			t.Fatalf("cas of %s is %d after %d; it was that of %q", key, r.Cas, last[key], seen[r.Cas])
		}
		seen[r.Cas], last[key] = key, r.Cas
	}
	for i := range 2000 {
		key := fmt.Sprint("k", i%20)
		note(key, f.set(key, "10"))
		incr := f.op(shardv1.Op_OP_INCR, key)
		incr.Delta = 1
		note(key, f.send(incr))
		if r := f.get(key); r.Cas != last[key] {
			t.Fatalf("gets says %d, want %d", r.Cas, last[key])
		}
		f.want(f.send(f.op(shardv1.Op_OP_DELETE, key)), statusOK)
	}
	if low := uint64(7) << 40; last["k0"] < low || last["k0"] >= low+1<<40 {
		t.Fatalf("cas %x is not of epoch 7", last["k0"])
	}
}

// A node that starts again must not repeat a cas unique, with epochs or without.
func TestCasUniqueOverRestarts(t *testing.T) {
	last := uint64(0)
	for range 5 {
		f := newFixture(t, 1)
		f.clock.pass(time.Millisecond)
		if last == 0 {
			f.clock.pass(-time.Millisecond)
		}
		restarted := New(f.opts)
		f.Region = restarted
		if err := f.SetMap(mapOf(t, 1, 1, 0, all)); err != nil {
			t.Fatal(err)
		}
		f.d = f.NewDeliverer(f.now, f.late)
		first := f.set("k", "v").Cas
		for range 1000 {
			f.set("k", "v")
		}
		if first <= last && last != 0 {
			t.Fatalf("cas %d after a restart, it was %d before", first, last)
		}
		last = f.get("k").Cas - 1<<startShift // the next run starts 1 ms later
	}
}

// MemAkka's bug: any get cancelled the expiry.
func TestExpiry(t *testing.T) {
	f := newFixture(t, 4)
	e := f.op(shardv1.Op_OP_SET, "k")
	e.Value, e.Exptime = []byte("v"), 10
	f.want(f.send(e), statusOK)
	f.clock.pass(9 * time.Second)
	if got := f.value("k"); got != "v" {
		t.Fatalf("after 9 s: %q", got)
	}
	f.clock.pass(time.Second)
	f.want(f.get("k"), statusNotFound)
	f.want(f.get("k"), statusNotFound)
	if s := f.Stats(); s.Counts[GetExpired] != 1 || s.Items != 0 || s.Expiring != 0 {
		t.Fatalf("%+v", s)
	}
	f.check()
}

// What is stored with an exptime in the past is answered as stored, and is gone: it
// does not wait for the sweeper.
func TestExpiredFromTheStart(t *testing.T) {
	f := newFixture(t, 4)
	for _, exptime := range []int64{-1, 2_592_001, f.clock.unix()} {
		f.set("k", "old")
		e := f.op(shardv1.Op_OP_SET, "k")
		e.Exptime = exptime
		f.want(f.send(e), statusOK)
		f.want(f.get("k"), statusNotFound)
		f.set("k", "old")
		e.Op = shardv1.Op_OP_TOUCH
		f.want(f.send(e), statusOK)
		f.check()
	}
	if s := f.Stats(); s.Items != 0 || s.Bytes != 0 || s.Counts[GetExpired] != 0 || s.Counts[Reclaimed] != 6 {
		t.Fatalf("%+v", s)
	}
}

func TestTouchSetsTheExpiryInPlace(t *testing.T) {
	f := newFixture(t, 4)
	cas := f.set("k", "v").Cas
	touch := f.op(shardv1.Op_OP_TOUCH, "k")
	touch.Exptime = 5
	if r := f.send(touch); r.Status != statusOK || r.Cas != cas {
		t.Fatalf("%+v", r)
	}
	gat := f.op(shardv1.Op_OP_GAT, "k")
	gat.Exptime = 20
	if r := f.send(gat); string(r.Value) != "v" || r.Cas != cas {
		t.Fatalf("%+v", r)
	}
	f.clock.pass(19 * time.Second)
	if got := f.value("k"); got != "v" {
		t.Fatal(got)
	}
	f.clock.pass(time.Second)
	f.want(f.get("k"), statusNotFound)
}

func TestLimits(t *testing.T) {
	f := newFixture(t, 1, func(o *Options) { o.MaxItem = 1000 })
	f.want(f.set("k", strings.Repeat("x", 940)), statusOK)
	f.want(f.set("k", strings.Repeat("x", 941)), shardv1.Status_STATUS_TOO_LARGE)
	f.want(f.get("k"), statusNotFound)
	if s := f.Stats(); s.Counts[StoreTooLarge] != 1 || s.Counts[CmdSet] != 1 {
		t.Fatalf("%v", s.Counts)
	}
}

// No envelope of any shape may do harm.
func TestInvalidEnvelopes(t *testing.T) {
	f := newFixture(t, 16)
	key := []byte("k")
	right := uint32(f.m.Of(key))
	for _, e := range []wire.Envelope{
		{},
		{Op: shardv1.Op_OP_GET, Shard: right},
		{Op: shardv1.Op_OP_GET, Shard: right, Key: make([]byte, 251)},
		{Op: shardv1.Op_OP_GET, Shard: 16, Key: key},
		{Op: shardv1.Op_OP_GET, Shard: 1<<32 - 1, Key: key},
		{Op: shardv1.Op_OP_GET, Shard: right ^ 1, Key: key},
		{Op: 14, Shard: right, Key: key},
		{Op: -1, Shard: right, Key: key},
		{Op: 256 + 1, Shard: right, Key: key},
		{Op: 1 << 30, Shard: right, Key: key},
		{Op: shardv1.Op_OP_FLUSH, Shard: 16},
	} {
		if !f.d.Deliver(&e) {
			t.Fatalf("%+v: late", e)
		}
		r, _ := f.now.take(0)
		if r.Status != shardv1.Status_STATUS_INVALID || r.Message == "" {
			t.Errorf("%+v: %+v", e, r)
		}
	}
	f.now.order = nil
	f.check()
}

func TestStatsAreMemcacheds(t *testing.T) {
	f := newFixture(t, 4)
	before := f.Stats().Counts
	expect := func(r *wire.Reply, want map[Counter]uint64) {
		t.Helper()
		now := f.Stats().Counts
		for c := range numCounters {
			if got := now[c] - before[c]; got != want[c] {
				t.Errorf("%s grew by %d, want %d (reply %s)", c, got, want[c], r.Status)
			}
		}
		before = now
	}
	do := func(op shardv1.Op, value string) *wire.Reply {
		e := f.op(op, "m")
		e.Value, e.Delta, e.Cas = []byte(value), 5, 1
		return f.send(e)
	}
	type is = map[Counter]uint64
	expect(do(shardv1.Op_OP_GET, ""), is{CmdGet: 1, GetMisses: 1})
	expect(do(shardv1.Op_OP_GAT, ""), is{CmdTouch: 1, TouchMisses: 1})
	expect(do(shardv1.Op_OP_TOUCH, ""), is{CmdTouch: 1, TouchMisses: 1})
	expect(do(shardv1.Op_OP_DELETE, ""), is{DeleteMisses: 1})
	expect(do(shardv1.Op_OP_INCR, ""), is{IncrMisses: 1})
	expect(do(shardv1.Op_OP_DECR, ""), is{DecrMisses: 1})
	expect(do(shardv1.Op_OP_CAS, "x"), is{CmdSet: 1, CasMisses: 1})
	expect(do(shardv1.Op_OP_APPEND, "x"), is{CmdSet: 1})
	expect(do(shardv1.Op_OP_ADD, "x"), is{CmdSet: 1, TotalItems: 1})
	expect(do(shardv1.Op_OP_ADD, "x"), is{CmdSet: 1})
	expect(do(shardv1.Op_OP_REPLACE, "1"), is{CmdSet: 1, TotalItems: 1})
	expect(do(shardv1.Op_OP_GET, ""), is{CmdGet: 1, GetHits: 1})
	expect(do(shardv1.Op_OP_GAT, ""), is{CmdTouch: 1, TouchHits: 1})
	expect(do(shardv1.Op_OP_TOUCH, ""), is{CmdTouch: 1, TouchHits: 1})
	expect(do(shardv1.Op_OP_APPEND, "2"), is{CmdSet: 1, TotalItems: 1})
	expect(do(shardv1.Op_OP_CAS, "x"), is{CmdSet: 1, CasBadval: 1})
	expect(do(shardv1.Op_OP_SET, "1"), is{CmdSet: 1, TotalItems: 1})
	expect(do(shardv1.Op_OP_INCR, ""), is{IncrHits: 1})
	expect(do(shardv1.Op_OP_INCR, ""), is{IncrHits: 1, TotalItems: 1})
	expect(do(shardv1.Op_OP_DECR, ""), is{DecrHits: 1})
	cas := f.op(shardv1.Op_OP_CAS, "m")
	cas.Cas, cas.Value = f.get("m").Cas, []byte("text")
	before = f.Stats().Counts
	expect(f.send(cas), is{CmdSet: 1, CasHits: 1, TotalItems: 1})
	expect(do(shardv1.Op_OP_INCR, ""), is{})
	expect(do(shardv1.Op_OP_DELETE, ""), is{DeleteHits: 1})
	f.set("m", "x")
	f.flushAll(0)
	if got := f.Stats().Counts[CmdFlush]; got != 1 {
		t.Errorf("one flush_all over all shards counts as %d", got)
	}
	before = f.Stats().Counts
	expect(do(shardv1.Op_OP_GET, ""), is{CmdGet: 1, GetMisses: 1, GetFlushed: 1})
	f.ResetStats()
	before = Counts{}
	expect(do(shardv1.Op_OP_GET, ""), is{CmdGet: 1, GetMisses: 1})
}

func TestCounterNames(t *testing.T) {
	for c := range numCounters {
		if c.String() == "" || strings.Contains(c.String(), "?") {
			t.Errorf("counter %d has no name", c)
		}
	}
	if numCounters.String() != "Counter(?)" {
		t.Error("a counter that is none has a name")
	}
}
