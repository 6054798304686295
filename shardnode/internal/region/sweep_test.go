package region

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func (f *fixture) setExpiring(key string, seconds int64) {
	f.t.Helper()
	e := f.op(shardv1.Op_OP_SET, key)
	e.Value, e.Exptime = []byte("v"), seconds
	f.want(f.send(e), statusOK)
}

// sweepRound sweeps until a round is over.
func (f *fixture) sweepRound() {
	var s sweep
	for f.sweep(&s) != sweepPeriod {
	}
}

func TestSweeperTakesOutWhatHasEnded(t *testing.T) {
	f := newFixture(t, 16)
	for i := range 1000 {
		f.setExpiring(fmt.Sprint("short", i), 5)
		f.setExpiring(fmt.Sprint("long", i), 50)
		f.set(fmt.Sprint("ever", i), "v")
	}
	f.get("short1")
	for _, c := range []struct {
		seconds        int
		items, expires uint64
	}{{4, 3000, 2000}, {1, 2000, 1000}, {45, 1000, 0}} {
		f.clock.pass(time.Duration(c.seconds) * time.Second)
		f.sweepRound()
		f.check()
		if s := f.Stats(); s.Items != c.items || s.Expiring != c.expires {
			t.Fatalf("%d items, %d expiring, want %+v", s.Items, s.Expiring, c)
		}
	}
	s := f.Stats()
	if s.Counts[CrawlerReclaimed] != 2000 || s.Counts[ExpiredUnfetched] != 1999 || s.Counts[GetExpired] != 0 {
		t.Fatalf("%v", s.Counts)
	}
	// Nothing expires any more: a round costs nothing.
	f.sweepRound()
	if now := f.Stats(); now.Counts[CrawlerItemsChecked] != s.Counts[CrawlerItemsChecked] {
		t.Fatal("shards without expiry are looked at")
	}
}

func TestSweeperTakesOutWhatWasFlushed(t *testing.T) {
	f := newFixture(t, 16)
	for i := range 1000 {
		f.set(fmt.Sprint("k", i), "v")
	}
	f.flushAll(0)
	f.set("k1", "new")
	f.sweepRound()
	if s := f.Stats(); s.Items != 1 {
		t.Fatalf("%d items", s.Items)
	}
	f.check()
	checked := f.Stats().Counts[CrawlerItemsChecked]
	f.sweepRound()
	if f.Stats().Counts[CrawlerItemsChecked] != checked {
		t.Fatal("shards without flushed entries are looked at")
	}
}

func TestSweeperCarriesOutDelayedFlush(t *testing.T) {
	f := newFixture(t, 4)
	f.set("k", "v")
	f.flushAll(10)
	f.sweepRound()
	f.clock.pass(10 * time.Second)
	f.sweepRound()
	if s := f.Stats(); s.Items != 0 {
		t.Fatalf("%d items", s.Items)
	}
}

// A slice is over when its time is, and the next goes on where it ended.
func TestSweepSlices(t *testing.T) {
	slow := 0
	c := newClock()
	f := newFixture(t, 1, func(o *Options) {
		o.Now = func() time.Time { c.pass(time.Duration(slow) * time.Microsecond); return c.Now() }
	})
	for i := range 1000 {
		f.setExpiring(fmt.Sprint("k", i), 5)
	}
	c.pass(10 * time.Second)
	slow = 200 // each look at the clock takes 0.2 ms: two looks per 64 slots
	var s sweep
	slices := 1
	for f.sweep(&s) == sweepPause {
		slices++
	}
	if slices < 3 || slices > 10 {
		t.Fatalf("a round took %d slices", slices)
	}
	if s := f.Stats(); s.Items != 0 {
		t.Fatalf("%d items", s.Items)
	}
}

func TestSweeperRunsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 4, func(o *Options) { o.Now = time.Now })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		for i := range 100 {
			f.setExpiring(fmt.Sprint("k", i), 5)
		}
		time.Sleep(4 * time.Second)
		if s := f.Stats(); s.Items != 100 {
			t.Errorf("%d items after 4 s", s.Items)
		}
		time.Sleep(3 * time.Second)
		if s := f.Stats(); s.Items != 0 {
			t.Errorf("%d items after 7 s", s.Items)
		}
		cancel()
		<-done
	})
}

// A running actor's entry is not swept.
func TestSweeperLeavesRunningActors(t *testing.T) {
	f := newFixture(t, 1)
	f.setExpiring("k", 5)
	g := f.gate()
	done := f.hold(g, "k")
	f.clock.pass(10 * time.Second)
	f.sweepRound()
	close(g.open)
	<-done
	f.check()
}
