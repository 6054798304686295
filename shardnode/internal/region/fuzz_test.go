package region

import (
	"testing"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// FuzzDeliver sends any envelope to a region that has been used: each is answered
// once, with its id, and does no harm.
func FuzzDeliver(f *testing.F) {
	f.Add(int32(4), uint32(0), uint64(0), []byte("k"), []byte("v"), uint32(0), int64(0), uint64(0), uint64(0), false)
	f.Add(int32(13), uint32(3), uint64(7), []byte(nil), []byte(nil), uint32(0), int64(-1), uint64(0), uint64(0), true)
	f.Add(int32(11), uint32(2), uint64(7), []byte("k"), []byte("18446744073709551615"), uint32(0), int64(1<<62), uint64(1), uint64(1<<63), false)
	f.Add(int32(-1), uint32(1<<31), uint64(1<<63), make([]byte, 251), []byte("x"), uint32(1), int64(1), uint64(0), uint64(0), false)
	f.Add(int32(7), uint32(0), uint64(0), []byte("k"), make([]byte, 5000), uint32(9), int64(-1<<63), uint64(0), uint64(0), false)
	f.Fuzz(func(t *testing.T, op int32, shard uint32, epoch uint64, key, value []byte, flags uint32, exptime int64, cas, delta uint64, fits bool) {
		x := newFixture(t, 4, func(o *Options) { o.Memory, o.MaxItem = 20_000, 4000 })
		x.set("k", "12")
		e := wire.Envelope{
			ID: 99, Op: shardv1.Op(op), Shard: shard, Epoch: epoch, Key: key, Value: value, Flags: flags,
			Exptime: exptime, Cas: cas, Delta: delta,
		}
		if fits {
			e.Shard = uint32(x.m.Of(key))
		}
		for range 3 {
			if !x.d.Deliver(&e) {
				t.Fatal("late, with nobody else there")
			}
			if r, ok := x.now.take(99); !ok || r.Status == shardv1.Status_STATUS_UNSPECIFIED || r.Status == shardv1.Status_STATUS_INTERNAL {
				t.Fatalf("%+v", r)
			}
		}
		x.check()
		x.want(x.set("other", "works"), shardv1.Status_STATUS_OK)
		if got := x.value("other"); got != "works" {
			t.Fatalf("value is %q", got)
		}
	})
}
