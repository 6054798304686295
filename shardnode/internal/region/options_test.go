package region

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

const (
	getOp, gatOp, setOp    = shardv1.Op_OP_GET, shardv1.Op_OP_GAT, shardv1.Op_OP_SET
	deleteOp, incrOp, decr = shardv1.Op_OP_DELETE, shardv1.Op_OP_INCR, shardv1.Op_OP_DECR

	details   = shardv1.Option_OPTION_DETAILS
	noBump    = shardv1.Option_OPTION_NO_BUMP
	noValue   = shardv1.Option_OPTION_NO_VALUE
	uncounted = shardv1.Option_OPTION_UNCOUNTED
	vivify    = shardv1.Option_OPTION_VIVIFY
	compare   = shardv1.Option_OPTION_COMPARE
	winning   = shardv1.Option_OPTION_WIN
)

// told is a reply's details.
func told(r *wire.Reply) string {
	return fmt.Sprintf("%q size=%d ttl=%d idle=%d fetched=%v", r.Value, r.Size, r.TTL, r.Idle, r.Has(shardv1.Mark_MARK_FETCHED))
}

func TestDetails(t *testing.T) {
	f := newFixture(t, 1)
	want := func(options shardv1.Option, want string) {
		t.Helper()
		if got := told(f.send(with(getOp, "k", options))); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	f.send(wire.Envelope{Op: setOp, Key: []byte("k"), Value: []byte("abc"), Exptime: 100})
	f.clock.pass(7 * time.Second)
	want(details|noBump, `"abc" size=3 ttl=93 idle=7 fetched=false`)
	want(details|uncounted|noValue, `"" size=3 ttl=93 idle=7 fetched=false`)
	want(details, `"abc" size=3 ttl=93 idle=7 fetched=false`)
	want(details, `"abc" size=3 ttl=93 idle=0 fetched=true`)
	want(noValue, `"" size=3 ttl=0 idle=0 fetched=false`)
	f.clock.pass(2 * time.Second)
	want(details|noBump, `"abc" size=3 ttl=91 idle=2 fetched=true`)
	f.set("k", "x")
	want(details, `"x" size=1 ttl=-1 idle=0 fetched=false`)
	want(0, `"x" size=0 ttl=0 idle=0 fetched=false`)
}

// A read that is no use does not save its entry from eviction.
func TestNoBumpIsNoUse(t *testing.T) {
	for options, want := range map[shardv1.Option]string{0: "b", noBump: "a", uncounted: "a"} {
		f := newFixture(t, 1)
		f.set("a", "1")
		f.set("b", "2")
		f.want(f.send(with(getOp, "a", options)), shardv1.Status_STATUS_OK)
		table := &f.hosting.Load().list[0].table
		if got := table.slots[table.policy.victim()].data.key(); string(got) != want {
			t.Errorf("options %d: %s goes first, want %s", options, got, want)
		}
	}
}

// countOf is the counters that are not 0, as memcached's stats would show them.
func (f *fixture) countOf() string {
	var all []string
	counts := f.Stats().Counts
	for c := range numCounters {
		if counts[c] != 0 {
			all = append(all, fmt.Sprint(c, "=", counts[c]))
		}
	}
	return strings.Join(all, " ")
}

// What memcached 1.6.45 counts for each of them, from its source: proto_parser.c.
func TestCountersOfOptions(t *testing.T) {
	for _, c := range []struct {
		there bool // k holds "5", with cas unique 9
		ask   wire.Envelope
		want  string
	}{
		{true, with(getOp, "k", winning), "cmd_get=1 get_hits=1"},
		{false, with(getOp, "k", winning), "cmd_get=1 get_misses=1"},
		{true, with(gatOp, "k", winning), "cmd_touch=1 touch_hits=1"},
		{false, with(gatOp, "k", winning), "cmd_get=1 get_misses=1"},
		{false, with(gatOp, "k", 0), "cmd_touch=1 touch_misses=1"},
		{false, with(getOp, "k", vivify), "cmd_get=1 get_hits=1 total_items=1"},
		{false, with(gatOp, "k", vivify), "cmd_touch=1 touch_hits=1 total_items=1"},
		{true, with(getOp, "k", uncounted|details), ""},
		{false, with(getOp, "k", uncounted|details), ""},
		{true, wire.Envelope{Op: setOp, Options: uint32(compare), Cas: 9}, "cmd_set=1 cas_hits=1 total_items=1"},
		{true, wire.Envelope{Op: setOp, Options: uint32(compare), Cas: 8}, "cmd_set=1 cas_badval=1"},
		{false, wire.Envelope{Op: setOp, Options: uint32(compare), Cas: 9}, "cmd_set=1 cas_misses=1"},
		{true, wire.Envelope{Op: shardv1.Op_OP_APPEND, Options: uint32(compare), Cas: 8}, "cmd_set=1"},
		{false, with(shardv1.Op_OP_APPEND, "k", vivify), "cmd_set=1 total_items=1"},
		{true, wire.Envelope{Op: deleteOp, Options: uint32(compare), Cas: 9}, "delete_hits=1"},
		{true, wire.Envelope{Op: deleteOp, Options: uint32(compare), Cas: 8}, "delete_misses=1"},
		{true, with(deleteOp, "k", shardv1.Option_OPTION_INVALIDATE), ""},
		{false, with(deleteOp, "k", shardv1.Option_OPTION_INVALIDATE), "delete_misses=1"},
		{true, with(deleteOp, "k", shardv1.Option_OPTION_DROP_VALUE), "delete_hits=1 total_items=1"},
		{true, with(incrOp, "k", vivify), "incr_hits=1"},
		{false, with(incrOp, "k", vivify), "total_items=1"},
		{false, with(decr, "k", 0), "decr_misses=1"},
		{true, wire.Envelope{Op: incrOp, Options: uint32(compare), Cas: 8}, ""},
	} {
		f := newFixture(t, 1)
		if c.there {
			e := with(setOp, "k", shardv1.Option_OPTION_NEW_CAS)
			e.Value, e.NewCas = []byte("5"), 9
			f.send(e)
		}
		f.ResetStats()
		c.ask.Key = []byte("k")
		f.send(c.ask)
		if got := f.countOf(); got != c.want {
			t.Errorf("%s with options %b, there %v: counted %q, want %q", c.ask.Op, c.ask.Options, c.there, got, c.want)
		}
	}
}

// A cas unique of the client's own may be anything; the node's own still grow.
func TestOwnCasUniquesGrow(t *testing.T) {
	f := newFixture(t, 1)
	last := f.set("k", "v").Cas
	for _, own := range []uint64{0, 1, last + 1, math.MaxUint64} {
		e := with(setOp, "k", shardv1.Option_OPTION_NEW_CAS)
		e.NewCas = own
		if r := f.send(e); r.Cas != own {
			t.Fatalf("cas %d, want %d", r.Cas, own)
		}
		if r := f.get("k"); r.Cas != own {
			t.Fatalf("get finds cas %d, want %d", r.Cas, own)
		}
		next := f.set("k", "v").Cas
		if next <= last {
			t.Fatalf("cas %d after %d", next, last)
		}
		last = next
	}
	for _, e := range []wire.Envelope{with(deleteOp, "k", shardv1.Option_OPTION_INVALIDATE), with(getOp, "new", vivify)} {
		r := f.send(e)
		if r.Cas <= last {
			t.Fatalf("%s: cas %d after %d", e.Op, r.Cas, last)
		}
		last = r.Cas
	}
}

// A read that cannot make its entry for want of memory is a miss.
func TestVivifyWithoutMemory(t *testing.T) {
	f := newFixture(t, 1, func(o *Options) { o.Memory = 1 })
	f.want(f.send(with(getOp, "k", vivify)), shardv1.Status_STATUS_NOT_FOUND)
	f.want(f.send(with(incrOp, "k", vivify)), shardv1.Status_STATUS_NO_MEMORY)
	if got := f.countOf(); got != "cmd_get=1 get_misses=1" {
		t.Fatalf("counted %s", got)
	}
	f.check()
}

func TestUnknownOptionsAreRefused(t *testing.T) {
	f := newFixture(t, 1)
	r := f.send(wire.Envelope{Op: getOp, Key: []byte("k"), Options: 1 << 14})
	f.want(r, shardv1.Status_STATUS_INVALID)
	if !strings.Contains(r.Message, "options 16384") {
		t.Fatal(r.Message)
	}
	f.want(f.send(wire.Envelope{Op: getOp, Key: []byte("k"), Options: 1<<14 - 1}), shardv1.Status_STATUS_OK)
}

// MoveClock moves what expires, and nothing else.
func TestMoveClock(t *testing.T) {
	f := newFixture(t, 1)
	f.send(wire.Envelope{Op: setOp, Key: []byte("k"), Value: []byte("v"), Exptime: 100})
	ttl := func(want int64) {
		t.Helper()
		if r := f.send(with(getOp, "k", details)); r.TTL != want {
			t.Fatalf("%s with ttl %d, want %d", r.Status, r.TTL, want)
		}
	}
	ttl(100)
	if offset, now := f.MoveClock(10); offset != 10 || now != f.clock.unix()+10 {
		t.Fatalf("offset %d, now %d", offset, now)
	}
	ttl(90)
	if offset, _ := f.MoveClock(-5); offset != 5 {
		t.Fatalf("offset %d", offset)
	}
	ttl(95)
	f.StopClock(true)
	f.clock.pass(20 * time.Second)
	ttl(95)
	f.MoveClock(1)
	ttl(94)
	f.StopClock(true)
	ttl(94)
	f.StopClock(false)
	ttl(74)
	f.MoveClock(74)
	f.want(f.get("k"), shardv1.Status_STATUS_NOT_FOUND)
}

// A value that a gateway has refused as too large is counted where its key lives.
func TestOversizedIsCounted(t *testing.T) {
	const oversized = shardv1.Option_OPTION_TOO_LARGE
	f := newFixture(t, 1)
	f.want(f.set("k", "v"), statusOK)
	f.want(f.send(with(shardv1.Op_OP_ADD, "k", oversized)), shardv1.Status_STATUS_TOO_LARGE)
	f.want(f.send(with(setOp, "k", oversized)), shardv1.Status_STATUS_TOO_LARGE)
	f.want(f.get("k"), statusNotFound)
	if got := f.countOf(); got != "cmd_get=1 cmd_set=1 get_misses=1 store_too_large=2 total_items=1" {
		t.Fatalf("counted %s", got)
	}
	f.check()
}
