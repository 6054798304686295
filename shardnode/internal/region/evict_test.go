package region

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

func memory(n int64) func(*Options) { return func(o *Options) { o.Memory = n } }

// The limit holds at any time, and is used, however the load is spread.
func TestMemoryLimit(t *testing.T) {
	for _, shards := range []int{1, 4, 1024} {
		f := newFixture(t, shards, memory(1<<20))
		for i := range 20000 {
			f.want(f.set(fmt.Sprint("key", i), strings.Repeat("x", i%500)), statusOK)
			if used := f.budget.used.Load(); used > 1<<20 {
				t.Fatalf("%d shards: %d bytes after %d sets", shards, used, i)
			}
		}
		f.check()
		s := f.Stats()
		if s.Bytes < 1<<20*9/10 || s.Counts[Evictions] == 0 || s.Items+s.Counts[Evictions] != 20000 {
			t.Fatalf("%d shards: %d bytes, %d items, %d evictions", shards, s.Bytes, s.Items, s.Counts[Evictions])
		}
		if got := f.value("key19999"); len(got) != 19999%500 {
			t.Fatalf("the newest is gone")
		}
	}
}

// keysOf are n keys of one shard.
func (f *fixture) keysOf(shard uint32, n int) []string {
	var keys []string
	for i := 0; len(keys) < n; i++ {
		key := fmt.Sprint("key", i)
		if uint32(f.m.Of([]byte(key))) == shard {
			keys = append(keys, key)
		}
	}
	return keys
}

// One shard may have all the memory, and has to give it up for the others.
func TestMemoryGoesWhereTheLoadIs(t *testing.T) {
	f := newFixture(t, 64, memory(1<<20))
	for _, key := range f.keysOf(3, 4000) {
		f.set(key, strings.Repeat("x", 400))
	}
	if got := f.hosting.Load().shards[3].bytes.Load(); got < 1<<20*9/10 {
		t.Fatalf("the only shard with load has %d bytes", got)
	}
	for i := range 4000 {
		f.want(f.set(fmt.Sprint("other", i), strings.Repeat("x", 400)), statusOK)
	}
	if got := f.hosting.Load().shards[3].bytes.Load(); got > 1<<20/8 {
		t.Fatalf("it keeps %d bytes while all shards have load", got)
	}
	f.check()
}

func TestLeastRecentlyUsedGoesFirst(t *testing.T) {
	f := newFixture(t, 1, memory(100_000))
	for i := range 50 {
		f.set(fmt.Sprint("hot", i), strings.Repeat("x", 200))
	}
	for i := range 5000 {
		f.set(fmt.Sprint("cold", i), strings.Repeat("x", 200))
		f.get(fmt.Sprint("hot", i%50))
	}
	for i := range 50 {
		if f.value(fmt.Sprint("hot", i)) == "-" {
			t.Fatalf("hot%d was evicted", i)
		}
	}
	s := f.Stats()
	if s.Counts[EvictedUnfetched] != s.Counts[Evictions] || s.Counts[EvictedActive] != s.Counts[Evictions] {
		t.Fatalf("%v", s.Counts)
	}
	f.check()
}

// Without eviction a store is refused, and only what has ended gives way. A set that is
// refused ends what was there, as in memcached.
func TestNoEviction(t *testing.T) {
	f := newFixture(t, 4, memory(100_000), func(o *Options) { o.NoEviction = true })
	value := strings.Repeat("x", 500)
	stored := 0
	for f.set(fmt.Sprint("key", stored), value).Status == statusOK {
		stored++
	}
	if s := f.Stats(); s.Items != uint64(stored) || s.Counts[Evictions] != 0 || s.Bytes < 90_000 {
		t.Fatalf("%d stored, %d there, %d bytes, %d evictions", stored, s.Items, s.Bytes, s.Counts[Evictions])
	}
	f.want(f.set("key1", strings.Repeat("y", 5000)), shardv1.Status_STATUS_NO_MEMORY)
	for i := range stored {
		if found := f.value(fmt.Sprint("key", i)) != "-"; found != (i != 1) {
			t.Errorf("key%d: found: %v", i, found)
		}
	}
	f.want(f.set("in its place", value), statusOK)
	f.want(f.set("one more", value), shardv1.Status_STATUS_NO_MEMORY)
	f.flushAll(0)
	f.want(f.set("after the flush", value), statusOK)
	if s := f.Stats(); s.Counts[Evictions] != 0 || s.Counts[Reclaimed] == 0 || s.Counts[StoreNoMemory] < 3 {
		t.Errorf("%v", s.Counts)
	}
	f.check()
}

// What has ended counts as reclaimed, not as evicted.
func TestEndedEntriesAreReclaimed(t *testing.T) {
	f := newFixture(t, 1, memory(50_000))
	for i := range 50 {
		e := f.op(shardv1.Op_OP_SET, fmt.Sprint("old", i))
		e.Exptime, e.Value = 10, make([]byte, 500)
		f.send(e)
	}
	f.clock.pass(time.Minute)
	for i := range 60 {
		f.set(fmt.Sprint("new", i), strings.Repeat("x", 500))
	}
	s := f.Stats()
	if s.Counts[Reclaimed] == 0 || s.Counts[Evictions] != 0 || s.Counts[ExpiredUnfetched] != s.Counts[Reclaimed] {
		t.Fatalf("%v", s.Counts)
	}
}

// So does what is stored over an entry that has ended, by itself or by a flush.
func TestStoredOverAnEndedEntry(t *testing.T) {
	f := newFixture(t, 1)
	e := f.op(shardv1.Op_OP_SET, "k")
	e.Exptime = 10
	f.send(e)
	f.clock.pass(time.Minute)
	f.set("k", "again")
	f.set("k", "once more")
	if n := f.Stats().Counts[Reclaimed]; n != 1 {
		t.Fatalf("%d reclaimed", n)
	}
	f.check()
}

func TestNoMemory(t *testing.T) {
	f := newFixture(t, 1, memory(10_000))
	f.want(f.set("k", "v"), statusOK)
	f.want(f.set("k", strings.Repeat("x", 20_000)), shardv1.Status_STATUS_NO_MEMORY)
	f.want(f.get("k"), statusNotFound) // as in memcached: no stale value
	f.want(f.set("k", "v"), statusOK)
	e := f.op(shardv1.Op_OP_APPEND, "k")
	e.Value = make([]byte, 20_000)
	f.want(f.send(e), shardv1.Status_STATUS_NO_MEMORY)
	if got := f.value("k"); got != "v" {
		t.Fatalf("value is %q", got)
	}
	if s := f.Stats(); s.Counts[StoreNoMemory] != 2 {
		t.Fatalf("%v", s.Counts)
	}
	f.check()
}

// The entry of a running actor is not evicted under its hands, not even if there
// is nothing else.
func TestRunningActorsAreNotEvicted(t *testing.T) {
	f := newFixture(t, 1, memory(10_000))
	f.set("held", strings.Repeat("x", 5000))
	g := f.gate()
	done := f.hold(g, "held")
	f.want(f.set("big", strings.Repeat("x", 8000)), shardv1.Status_STATUS_NO_MEMORY)
	f.want(f.set("small", strings.Repeat("x", 1000)), statusOK)
	close(g.open)
	<-done
	if got := f.value("held"); got != "stop" {
		t.Fatalf("value is %q", got)
	}
	f.check()
}

// Many streams store at once: the limit holds for their sum too.
func TestMemoryLimitUnderConcurrency(t *testing.T) {
	f := newFixture(t, 16, memory(1<<20))
	done := make(chan struct{}, 8)
	for s := range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			d := f.NewDeliverer(none{}, none{})
			value := make([]byte, 2000)
			for i := range 3000 {
				key := fmt.Appendf(nil, "k%d", (i*7+s)%900)
				e := wire.Envelope{Op: shardv1.Op_OP_SET, Shard: uint32(f.m.Of(key)), Key: key, Value: value[:i%2000]}
				if i%5 == 0 {
					e.Op = shardv1.Op_OP_DELETE
				}
				d.Deliver(&e)
				if used := f.budget.used.Load(); used > f.budget.limit.Load()+8*3000 { // a take that fails is in it for a moment
					t.Errorf("%d bytes", used)
				}
			}
		}()
	}
	for range 8 {
		<-done
	}
	f.Wait()
	f.check()
}

// What the process really uses stays close to the limit, overhead and all.
func TestLimitIsOfRealMemory(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("fills 32 MB")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f := newFixture(t, 1024, memory(32<<20))
	value := strings.Repeat("x", 100)
	for i := range 400_000 {
		e := f.op(shardv1.Op_OP_SET, fmt.Sprintf("key%07d", i))
		e.Shard, e.Value = uint32(f.m.Of(e.Key)), []byte(value)
		f.d.now = none{}
		f.d.Deliver(&e)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	s := f.Stats()
	heap := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d items: %d bytes of heap each, %d counted each; limit %d, heap %d", s.Items, heap/int64(s.Items), s.Bytes/int64(s.Items), s.Limit, heap)
	if heap > s.Limit*115/100 {
		t.Errorf("the heap holds %d bytes, the limit is %d", heap, s.Limit)
	}
	f.now.order = nil
	runtime.KeepAlive(f)
}
