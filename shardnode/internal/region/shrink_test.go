package region

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

func TestLowerLimit(t *testing.T) {
	f := newFixture(t, 16, memory(8<<20))
	for i := range 10_000 {
		f.set(fmt.Sprint("k", i), strings.Repeat("x", 400))
	}
	before := f.Stats()
	if err := f.SetMemoryLimit(2 << 20); err != nil {
		t.Fatal(err)
	}
	// Nothing has been evicted yet, and a command has to evict for itself only.
	f.want(f.set("one", strings.Repeat("x", 400)), statusOK)
	if s := f.Stats(); s.Limit != 2<<20 || s.Counts[Evictions]-before.Counts[Evictions] > 2 {
		t.Fatalf("one command evicted %d entries", s.Counts[Evictions]-before.Counts[Evictions])
	}
	f.check()
	for f.shrink() {
	}
	s := f.Stats()
	if s.Bytes > 2<<20 || s.Bytes < 2<<20*9/10 {
		t.Fatalf("%d bytes under a limit of %d", s.Bytes, s.Limit)
	}
	if f.budget.ceiling.Load() != 2<<20 {
		t.Fatalf("the limit that holds is %d", f.budget.ceiling.Load())
	}
	if f.value("one") == "-" {
		t.Fatal("the newest is gone")
	}
	for i := range 10_000 {
		f.set(fmt.Sprint("k", i), strings.Repeat("x", 400))
		if used := f.budget.used.Load(); used > 2<<20 {
			t.Fatalf("%d bytes after %d sets", used, i)
		}
	}
	f.check()
}

// A limit that was lowered evicts nothing either, and holds as what there is goes.
func TestLowerLimitWithoutEviction(t *testing.T) {
	f := newFixture(t, 16, memory(8<<20), func(o *Options) { o.NoEviction = true })
	for i := range 4000 {
		f.want(f.set(fmt.Sprint("k", i), strings.Repeat("x", 400)), statusOK)
	}
	if err := f.SetMemoryLimit(1 << 20); err != nil {
		t.Fatal(err)
	}
	f.slice(&sweep{})
	f.want(f.set("one", "x"), shardv1.Status_STATUS_NO_MEMORY)
	for i := range 3000 {
		f.send(f.op(shardv1.Op_OP_DELETE, fmt.Sprint("k", i)))
	}
	f.slice(&sweep{})
	f.want(f.set("one", "x"), statusOK)
	for i := range 4000 {
		f.set(fmt.Sprint("other", i), strings.Repeat("x", 400))
	}
	f.slice(&sweep{})
	if s := f.Stats(); s.Bytes > 1<<20 || s.Counts[Evictions] != 0 || f.value("k3999") == "-" {
		t.Fatalf("%d bytes, %d evictions", s.Bytes, s.Counts[Evictions])
	}
	f.check()
}

func TestHigherLimit(t *testing.T) {
	f := newFixture(t, 16, memory(2<<20))
	if err := f.SetMemoryLimit(8 << 20); err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		f.set(fmt.Sprint("k", i), strings.Repeat("x", 400))
	}
	if s := f.Stats(); s.Bytes < 4<<20 || s.Counts[Evictions] != 0 || s.Limit != 8<<20 {
		t.Fatalf("%+v", s)
	}
}

func TestLimitBelowTheLargestItem(t *testing.T) {
	f := newFixture(t, 16)
	if err := f.SetMemoryLimit(1<<20 - 1); !errors.Is(err, ErrMemory) {
		t.Fatal(err)
	}
	if f.Stats().Limit != 64<<20 {
		t.Fatal("it is taken nevertheless")
	}
}

// Run begins at once, and works in slices.
func TestRunShrinksInSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{NodeID: self, Memory: 64 << 20, MaxItem: 1 << 10, Now: time.Now})
		if err := r.SetMap(mapOf(t, 1, 16, 1, all)); err != nil {
			t.Fatal(err)
		}
		d := r.NewDeliverer(none{}, none{})
		for i := range 100 {
			key := fmt.Appendf(nil, "k%d", i)
			d.Deliver(&wire.Envelope{Op: shardv1.Op_OP_SET, Key: key, Shard: uint32(r.Map().Of(key)), Value: make([]byte, 100)})
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx)
		synctest.Wait()
		if err := r.SetMemoryLimit(4 << 10); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := r.Stats(); s.Bytes > 4<<10 || s.Items == 0 {
			t.Fatalf("%+v", s)
		}
	})
}
