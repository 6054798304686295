package region

import (
	"testing"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func TestFlushEndsWhatIsThereAndNotWhatComes(t *testing.T) {
	f := newFixture(t, 4)
	f.set("a", "1")
	f.set("b", "1")
	f.flushAll(0)
	f.set("b", "2") // in the same second
	if a, b := f.value("a"), f.value("b"); a != "-" || b != "2" {
		t.Fatalf("a is %q, b is %q", a, b)
	}
	f.check()
}

// Each op meets a flushed entry as none.
func TestFlushedEntryIsNone(t *testing.T) {
	for op, want := range map[shardv1.Op]shardv1.Status{
		shardv1.Op_OP_GET: statusNotFound, shardv1.Op_OP_GAT: statusNotFound, shardv1.Op_OP_TOUCH: statusNotFound,
		shardv1.Op_OP_SET: statusOK, shardv1.Op_OP_ADD: statusOK, shardv1.Op_OP_REPLACE: shardv1.Status_STATUS_NOT_STORED,
		shardv1.Op_OP_APPEND: shardv1.Status_STATUS_NOT_STORED, shardv1.Op_OP_PREPEND: shardv1.Status_STATUS_NOT_STORED,
		shardv1.Op_OP_CAS: statusNotFound, shardv1.Op_OP_DELETE: statusNotFound,
		shardv1.Op_OP_INCR: statusNotFound, shardv1.Op_OP_DECR: statusNotFound,
	} {
		f := newFixture(t, 1)
		cas := f.set("k", "1").Cas
		f.flushAll(0)
		e := f.op(op, "k")
		e.Value, e.Cas = []byte("2"), cas
		f.want(f.send(e), want)
		stays := "-"
		if op == shardv1.Op_OP_SET || op == shardv1.Op_OP_ADD {
			stays = "2"
		}
		if got := f.value("k"); got != stays {
			t.Errorf("after %s the value is %q, want %q", op, got, stays)
		}
		f.check()
	}
}

func TestDelayedFlush(t *testing.T) {
	f := newFixture(t, 4)
	f.set("old", "1")
	f.flushAll(10)
	f.clock.pass(8 * time.Second)
	f.set("new", "1")
	if got := f.value("old") + f.value("new"); got != "11" {
		t.Fatalf("before the time: %q", got)
	}
	f.clock.pass(2 * time.Second)
	f.set("later", "1")
	if got := f.value("old") + f.value("new") + f.value("later"); got != "--1" {
		t.Fatalf("after the time: %q", got)
	}
	f.clock.pass(100 * time.Second)
	if got := f.value("later"); got != "1" {
		t.Fatalf("flushed twice: %q", got)
	}
}

func TestFlushTimes(t *testing.T) {
	for name, c := range map[string]struct {
		exptime int64
		want    string // at once, after 10 s, after 100 days
	}{
		"at once":              {0, "---"},
		"negative":             {-5, "---"},
		"one second":           {1, "---"}, // memcached compares with the last second before
		"relative":             {10, "v--"},
		"absolute":             {1_800_000_010, "v--"},
		"absolute, past":       {1_799_999_990, "vvv"}, // nothing is older than the node
		"absolute, long past":  {2_592_001, "vvv"},
		"absolute, far future": {1<<62 + 1, "vvv"},
	} {
		f := newFixture(t, 1)
		f.set("k", "v")
		f.flushAll(c.exptime)
		got := f.value("k")
		for _, d := range []time.Duration{10 * time.Second, 100 * 24 * time.Hour} {
			f.clock.pass(d)
			got += f.value("k")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A flush for a time that is past, but after the node's start, is one for now.
func TestFlushForAPastTime(t *testing.T) {
	f := newFixture(t, 1)
	f.clock.pass(100 * time.Second)
	f.set("k", "v")
	f.flushAll(f.clock.unix() - 50)
	if got := f.value("k"); got != "-" {
		t.Fatalf("value is %q", got)
	}
}

// There is one order at a time, the last one.
func TestLaterFlushReplacesTheDelayedOne(t *testing.T) {
	f := newFixture(t, 1)
	f.flushAll(10)
	f.flushAll(0)
	f.set("k", "v")
	f.clock.pass(20 * time.Second)
	if got := f.value("k"); got != "v" {
		t.Fatalf("value is %q", got)
	}
	f.flushAll(10)
	f.flushAll(1000)
	f.clock.pass(20 * time.Second)
	if got := f.value("k"); got != "v" {
		t.Fatalf("value is %q", got)
	}
}

// A value that is being stored while the flush comes is gone with it, and its
// memory too.
func TestFlushDuringATurn(t *testing.T) {
	f := newFixture(t, 1)
	g := f.gate()
	done := f.hold(g, "k")
	f.flushAll(0)
	close(g.open)
	<-done
	if got := f.value("k"); got != "-" {
		t.Fatalf("value is %q", got)
	}
	if s := f.Stats(); s.Items != 0 || s.Bytes != 0 {
		t.Fatalf("%+v", s)
	}
	f.check()
}
