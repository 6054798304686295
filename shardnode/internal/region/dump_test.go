package region

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// dump lists all entries by key; one that comes twice fails the test. between is
// called between two batches.
func (f *fixture) dump(between func()) map[string]Metadata {
	f.t.Helper()
	all := map[string]Metadata{}
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	for d := f.NewDump(); ; between() {
		batch, err := d.Next(ctx)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(batch) == 0 {
			return all
		}
		for _, m := range batch {
			if _, twice := all[string(m.Key)]; twice {
				f.t.Fatalf("%s is listed twice", m.Key)
			}
			key := string(m.Key)
			m.Key = nil
			all[key] = m
		}
	}
}

func nothing() {}

func TestDumpTellsWhatEntriesAre(t *testing.T) {
	f := newFixture(t, 16)
	start := f.clock.unix()
	f.want(f.send(wire.Envelope{Op: shardv1.Op_OP_SET, Key: []byte("flags"), Value: []byte("abc"), Flags: 7}), statusOK)
	f.setExpiring("short", 5)
	f.setExpiring("long", 100)
	f.set("flushed", "v")
	f.clock.pass(5 * time.Second)
	f.get("flags")
	cas := f.get("long").Cas
	got := f.dump(nothing)
	if len(got) != 3 {
		t.Fatalf("%d entries: %v", len(got), got)
	}
	if m := got["flags"]; m.Flags != 7 || m.Size != 3 || !m.Fetched || m.Expires != 0 || m.Accessed != start+5 {
		t.Errorf("%+v", m)
	}
	if m := got["long"]; m.Expires != start+100 || m.Cas != cas || !m.Fetched {
		t.Errorf("%+v", m)
	}
	if m := got["flushed"]; m.Fetched || m.Accessed != start {
		t.Errorf("%+v", m)
	}
	f.flushAll(0)
	if got := f.dump(nothing); len(got) != 0 {
		t.Errorf("after flush_all: %v", got)
	}
}

// Entries that stay are listed exactly once, whatever comes and goes between two
// holds of a lock: tables grow, slots are used again.
func TestDumpWhileEntriesComeAndGo(t *testing.T) {
	f := newFixture(t, 4)
	for i := range 5000 {
		f.set(fmt.Sprint("stay", i), "v")
		f.set(fmt.Sprint("go", i), "v")
	}
	round := 0
	got := f.dump(func() {
		for i := range 100 {
			f.send(f.op(shardv1.Op_OP_DELETE, fmt.Sprint("go", 100*round+i)))
			f.set(fmt.Sprint("come", 100*round+i), strings.Repeat("x", i))
			f.set(fmt.Sprint("stay", 100*round+i), strings.Repeat("x", i))
		}
		round++
	})
	for i := range 5000 {
		if _, ok := got[fmt.Sprint("stay", i)]; !ok {
			t.Fatalf("stay%d is missing", i)
		}
	}
	if round < 20 {
		t.Fatalf("only %d batches", round)
	}
	f.check()
}

// The entry of an actor that runs is told by the actor, between two of its turns.
func TestDumpAsksActorsThatRun(t *testing.T) {
	f := newFixture(t, 1)
	const hot = 8
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		d := f.NewDeliverer(none{}, none{})
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				op := [...]shardv1.Op{shardv1.Op_OP_SET, shardv1.Op_OP_GET}[i%2]
				d.Deliver(&wire.Envelope{Op: op, Key: fmt.Appendf(nil, "hot%d", i/2%hot), Value: []byte("four"), Flags: 3})
			}
		})
	}
	for f.Stats().Items < hot {
		time.Sleep(time.Millisecond)
	}
	for range 5 {
		got := f.dump(nothing)
		if len(got) != hot {
			t.Fatalf("%d entries: %v", len(got), got)
		}
		for key, m := range got {
			if m.Size != 4 || m.Flags != 3 || m.Cas == 0 || m.Accessed != f.clock.unix() {
				t.Fatalf("%s: %+v", key, m)
			}
		}
	}
	cancel()
	wg.Wait()
	f.Wait()
	f.check()
}

// A turn that lasts holds up the dump, within its time, and no lock.
func TestDumpWhileATurnLasts(t *testing.T) {
	f := newFixture(t, 1)
	f.set("k", "v")
	g := f.gate()
	done := f.hold(g, "k")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := f.NewDump().Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a dump whose time is over while an actor runs: %v", err)
	}
	f.want(f.set("other", "v"), statusOK)
	close(g.open)
	<-done
	if got := f.dump(nothing); len(got) != 2 || got["k"].Size != len("stop") {
		t.Fatalf("afterwards %v", got)
	}
}

func TestDumpOfShardsThatGo(t *testing.T) {
	f := newFixture(t, 16)
	for i := range 2000 {
		f.set(fmt.Sprint("k", i), "v")
	}
	version := uint64(1)
	f.dump(func() {
		version++
		if err := f.SetMap(mapOf(t, version, 16, version, all)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSizes(t *testing.T) {
	f := newFixture(t, 16)
	f.set("a", "x") // 61 bytes in memcached
	f.set("b", strings.Repeat("x", 100))
	f.set("c", "y")
	if _, on := f.Sizes(); on {
		t.Fatal("sizes are told though nobody asked for them")
	}
	f.TrackSizes(true)
	if got, on := f.Sizes(); !on || len(got) != 2 || got[64] != 2 || got[160] != 1 {
		t.Fatalf("%v %v", got, on)
	}
}

func TestEachShard(t *testing.T) {
	f := newFixture(t, 4)
	for i := range 100 {
		f.set(fmt.Sprint("k", i), "v")
	}
	items, bytes := uint64(0), int64(0)
	for i, s := range f.EachShard() {
		if s.ID != uint32(i) || s.Epoch != 7 {
			t.Fatalf("%+v", s)
		}
		items, bytes = items+s.Items, bytes+s.Bytes
	}
	if s := f.Stats(); items != 100 || bytes != s.Bytes {
		t.Fatalf("%d items, %d bytes; the whole says %+v", items, bytes, s)
	}
}

func BenchmarkDump(b *testing.B) {
	f := newFixture(b, 1024)
	for i := range 100_000 {
		f.set(fmt.Sprint("k", i), "v")
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for d := f.NewDump(); ; {
			batch, err := d.Next(b.Context())
			if n += len(batch); err != nil || len(batch) == 0 {
				break
			}
		}
		if n != 100_000 {
			b.Fatal(n)
		}
	}
}
