package region

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_800_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) unix() int64 { return c.Now().Unix() }

const self, other = "n1", "n2"

// mapOf is a map in which n1 owns the shards that owns says, and n2 the others.
func mapOf(t testing.TB, version uint64, shards int, epoch uint64, owns func(id int) bool) *shard.Map {
	t.Helper()
	table := shard.Table{
		ClusterID: "test", Version: version,
		Nodes: []shard.Node{{ID: self, Address: "127.0.0.1:1"}, {ID: other, Address: "127.0.0.1:2"}},
	}
	for id := range shards {
		e := shard.Entry{Epoch: epoch, Owner: 1}
		if owns(id) {
			e.Owner = 0
		}
		table.Shards = append(table.Shards, e)
	}
	m, err := shard.New(table)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func all(int) bool { return true }

// fixture is a region that hosts all shards of its map, and a deliverer.
type fixture struct {
	t testing.TB
	*Region
	clock *clock
	m     *shard.Map
	late  *inbox
	now   *inbox
	d     *Deliverer
	id    uint64
}

func newFixture(t testing.TB, shards int, change ...func(*Options)) *fixture {
	t.Helper()
	c := newClock()
	o := Options{NodeID: self, Memory: 64 << 20, MaxItem: 1 << 20, Now: c.Now, Log: zerolog.Nop()}
	for _, f := range change {
		f(&o)
	}
	f := &fixture{t: t, Region: New(o), clock: c, m: mapOf(t, 1, shards, 7, all), late: newInbox(), now: newInbox()}
	if err := f.SetMap(f.m); err != nil {
		t.Fatal(err)
	}
	f.d = f.NewDeliverer(f.now, f.late)
	return f
}

// send delivers e, filling in id and shard; the reply is nil if it comes late.
func (f *fixture) send(e wire.Envelope) *wire.Reply {
	f.t.Helper()
	f.id++
	e.ID = f.id
	if len(e.Key) > 0 {
		e.Shard = uint32(f.m.Of(e.Key))
	}
	f.d.Begin()
	if !f.d.Deliver(&e) {
		return nil
	}
	r, ok := f.now.take(e.ID)
	if !ok {
		f.t.Fatalf("%s %q: no reply", e.Op, e.Key)
	}
	return r
}

func (f *fixture) op(op shardv1.Op, key string) wire.Envelope {
	return wire.Envelope{Op: op, Key: []byte(key)}
}

func (f *fixture) set(key, value string) *wire.Reply {
	f.t.Helper()
	return f.send(wire.Envelope{Op: shardv1.Op_OP_SET, Key: []byte(key), Value: []byte(value)})
}

func (f *fixture) get(key string) *wire.Reply {
	f.t.Helper()
	return f.send(f.op(shardv1.Op_OP_GET, key))
}

// value is what get finds, "-" for a miss.
func (f *fixture) value(key string) string {
	f.t.Helper()
	r := f.get(key)
	if r.Status == shardv1.Status_STATUS_NOT_FOUND {
		return "-"
	}
	f.want(r, shardv1.Status_STATUS_OK)
	return string(r.Value)
}

func (f *fixture) want(r *wire.Reply, s shardv1.Status) {
	f.t.Helper()
	if r == nil {
		f.t.Fatalf("reply is late, want %s", s)
	}
	if r.Status != s {
		f.t.Fatalf("reply is %s (%s), want %s", r.Status, r.Message, s)
	}
}

// flushAll sends a flush to each shard.
func (f *fixture) flushAll(exptime int64) {
	f.t.Helper()
	for id := range f.m.Len() {
		f.want(f.send(wire.Envelope{Op: shardv1.Op_OP_FLUSH, Shard: uint32(id), Exptime: exptime}), shardv1.Status_STATUS_OK)
	}
}

// check holds what is always true of a region at rest.
func (f *fixture) check() {
	f.t.Helper()
	sum := int64(0)
	for _, h := range f.hosting.Load().list {
		h.mu.Lock()
		if err := h.consistent(); err != nil {
			f.t.Fatalf("shard %d: %v", h.id, err)
		}
		sum += h.table.bytes
		h.mu.Unlock()
	}
	if used := f.budget.used.Load(); used != sum {
		f.t.Fatalf("budget says %d bytes, the shards %d", used, sum)
	}
	if sum > f.budget.ceiling.Load() {
		f.t.Fatalf("%d bytes, over the limit of %d", sum, f.budget.ceiling.Load())
	}
}

// consistent compares all that a table keeps twice.
func (h *hosted) consistent() error {
	if len(h.running) != 0 {
		return fmt.Errorf("%d actors run", len(h.running))
	}
	t := &h.table
	used, expiring, bytes := 0, 0, int64(0)
	for ref := range t.slots {
		s := &t.slots[ref]
		if s.data == nil {
			continue
		}
		used++
		bytes += s.data.cost()
		if s.expires != 0 {
			expiring++
		}
		if found := t.find(s.hash, s.data.key()); int(found) != ref {
			return fmt.Errorf("key %q is found at %d instead of %d", s.data.key(), found, ref)
		}
	}
	ring := 0
	lru := t.policy.(*lru)
	for ref := lru.links[0].next; ref != 0; ref = lru.links[ref].next {
		ring++
	}
	if used != t.len() || used != ring || expiring != t.expiring || bytes != t.bytes || bytes != h.bytes.Load() {
		return fmt.Errorf("%d entries (index %d, ring %d), %d expiring (%d), %d bytes (%d, %d)",
			used, t.len(), ring, expiring, t.expiring, bytes, t.bytes, h.bytes.Load())
	}
	return nil
}

// inbox is a Sink that keeps copies of the replies.
type inbox struct {
	mu      sync.Mutex
	replies map[uint64]*wire.Reply
	order   []uint64
	arrived *sync.Cond
}

func newInbox() *inbox {
	i := &inbox{replies: map[uint64]*wire.Reply{}}
	i.arrived = sync.NewCond(&i.mu)
	return i
}

func (i *inbox) Reply(_ uint32, r *wire.Reply) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.replies[r.ID] != nil {
		panic(fmt.Sprintf("second reply to %d", r.ID))
	}
	kept := *r
	kept.Value = append([]byte(nil), r.Value...)
	i.replies[r.ID] = &kept
	i.order = append(i.order, r.ID)
	i.arrived.Broadcast()
}

func (i *inbox) take(id uint64) (*wire.Reply, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	r, ok := i.replies[id]
	delete(i.replies, id)
	return r, ok
}

// await waits for n replies and returns the ids in order of arrival.
func (i *inbox) await(n int) []uint64 {
	timer := time.AfterFunc(10*time.Second, func() { panic("no reply within 10 s") })
	defer timer.Stop()
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.order) < n {
		i.arrived.Wait()
	}
	return append([]uint64(nil), i.order...)
}

// none is a Sink that drops replies.
type none struct{}

func (none) Reply(uint32, *wire.Reply) {}
