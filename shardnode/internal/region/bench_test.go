package region

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// loaded is a region with n keys, and envelopes of one op for each key.
func loaded(tb testing.TB, n int, op shardv1.Op, prefix string) (*Region, []wire.Envelope) {
	tb.Helper()
	r := New(Options{NodeID: self, Memory: 1 << 30, MaxItem: 1 << 20, Log: zerolog.Nop()})
	m := mapOf(tb, 1, 1024, 7, all)
	if err := r.SetMap(m); err != nil {
		tb.Fatal(err)
	}
	d := r.NewDeliverer(none{}, none{})
	value := make([]byte, 100)
	for i := range n {
		key := fmt.Appendf(nil, "key%07d", i)
		d.Deliver(&wire.Envelope{Op: shardv1.Op_OP_SET, Shard: uint32(m.Of(key)), Key: key, Value: value})
	}
	envelopes := make([]wire.Envelope, n)
	for i := range envelopes {
		key := fmt.Appendf(nil, "%s%07d", prefix, i)
		envelopes[i] = wire.Envelope{Op: op, Shard: uint32(m.Of(key)), Key: key, Value: value, Delta: 1, Epoch: 7}
	}
	return r, envelopes
}

// The hot paths do not allocate.
func TestAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		op      shardv1.Op
		prefix  string
		options shardv1.Option
	}{
		"get hit":    {shardv1.Op_OP_GET, "key", 0},
		"get miss":   {shardv1.Op_OP_GET, "nil", 0},
		"gat":        {shardv1.Op_OP_GAT, "key", 0},
		"touch miss": {shardv1.Op_OP_TOUCH, "nil", 0},
		"overwrite":  {shardv1.Op_OP_SET, "key", 0},
		"replace":    {shardv1.Op_OP_REPLACE, "key", 0},
		"not stored": {shardv1.Op_OP_ADD, "key", 0},
		"cas":        {shardv1.Op_OP_CAS, "key", 0},
		"incr miss":  {shardv1.Op_OP_INCR, "nil", 0},
		"mg":         {shardv1.Op_OP_GAT, "key", winning | details | noValue | shardv1.Option_OPTION_RECACHE},
		"ms":         {shardv1.Op_OP_SET, "key", details | shardv1.Option_OPTION_NEW_CAS},
		"md":         {shardv1.Op_OP_DELETE, "key", shardv1.Option_OPTION_INVALIDATE},
	} {
		r, envelopes := loaded(t, 100, c.op, c.prefix)
		for i := range envelopes {
			envelopes[i].Options = uint32(c.options)
		}
		d := r.NewDeliverer(none{}, none{})
		i := 0
		n := testing.AllocsPerRun(1000, func() {
			d.Begin()
			d.Deliver(&envelopes[i%len(envelopes)])
			i++
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct {
		name, prefix string
		op           shardv1.Op
	}{
		{"get hit", "key", shardv1.Op_OP_GET}, {"get miss", "nil", shardv1.Op_OP_GET}, {"overwrite", "key", shardv1.Op_OP_SET},
	} {
		b.Run(c.name, func(b *testing.B) {
			r, envelopes := loaded(b, 100_000, c.op, c.prefix)
			d := r.NewDeliverer(none{}, none{})
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				d.Deliver(&envelopes[i])
				if i++; i == len(envelopes) {
					i = 0
				}
			}
		})
	}
}

// BenchmarkHotKey: all processors at one key.
func BenchmarkHotKey(b *testing.B) {
	r, envelopes := loaded(b, 1, shardv1.Op_OP_GET, "key")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		d := r.NewDeliverer(none{}, none{})
		e := envelopes[0]
		for pb.Next() {
			d.Deliver(&e)
		}
	})
	r.Wait()
}

// BenchmarkStore stores new keys, with the eviction that this takes.
func BenchmarkStore(b *testing.B) {
	r, _ := loaded(b, 0, shardv1.Op_OP_GET, "key")
	r.budget.set(64 << 20)
	m := r.Map()
	d := r.NewDeliverer(none{}, none{})
	var n atomic.Uint64
	value := make([]byte, 100)
	key := make([]byte, 0, 32)
	b.ReportAllocs()
	for b.Loop() {
		key = fmt.Appendf(key[:0], "key%09d", n.Add(1))
		d.Deliver(&wire.Envelope{Op: shardv1.Op_OP_SET, Shard: uint32(m.Of(key)), Key: key, Value: value})
	}
}

func BenchmarkSweep(b *testing.B) {
	r, _ := loaded(b, 200_000, shardv1.Op_OP_GET, "key")
	for _, h := range r.hosting.Load().list {
		for ref := range h.table.slots[1:] {
			h.table.setExpires(uint32(ref+1), uint32(time.Now().Unix()+3600))
		}
	}
	for b.Loop() {
		var s sweep
		for r.sweep(&s) != sweepPeriod {
		}
	}
}
