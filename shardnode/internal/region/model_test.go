package region

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// TestRegionIsActorsInAMap: a region with enough memory answers what a map from
// keys to pure actors answers, whatever is sent, flushed, swept and moved.
func TestRegionIsActorsInAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t, 2)
		actors := map[string]entry.Actor{}
		version := uint64(1)
		turn := entry.Turn{MaxItem: f.opts.MaxItem}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { f.check() },
			"message": func(rt *rapid.T) {
				e := drawEnvelope(rt)
				actor := actors[string(e.Key)]
				if rapid.Bool().Draw(rt, "right cas") {
					e.Cas = actor.Entry.Cas
				}
				r := f.send(e)
				turn.Now, turn.Unique = f.clock.unix(), r.Cas
				m := entry.Message{
					Op: entry.Op(e.Op), Value: e.Value, Exptime: e.Exptime, Flags: e.Flags, Delta: e.Delta, Cas: e.Cas, KeyLen: len(e.Key),
					Options: entry.Options(e.Options), Vivify: e.Vivify, Recache: e.Recache, NewCas: e.NewCas, Initial: e.Initial,
				}
				o := entry.Step(actor, &m, &turn)
				p := &o.Reply
				var d entry.Details
				if m.Options.Has(entry.ShowDetails | entry.NoValue) {
					d = entry.Describe(&actor, &o, &m, turn.Now)
				}
				if m.Options.Has(entry.NoValue) {
					p.Value = nil
				}
				want := fmt.Sprint(p.Status, string(p.Value), p.Flags, p.Number, p.Cas, p.Marks|d.Marks, d.TTL, d.Idle, d.Size)
				got := fmt.Sprint(entry.Status(r.Status), string(r.Value), r.Flags, r.Number, r.Cas, r.Marks, r.TTL, r.Idle, r.Size)
				if got != want {
					rt.Fatalf("%s %s options %b: got %s, want %s", e.Op, e.Key, e.Options, got, want)
				}
				held := &o.Actor.Entry
				held.Value = append([]byte(nil), held.Value...)
				if (m.Op.Reads() || m.Op == entry.OpTouch) && p.Status == entry.OK && m.Uses() {
					held.Marks, held.Accessed = held.Marks|entry.Fetched, uint32(turn.Now)
				}
				actors[string(e.Key)] = o.Actor
			},
			"flush": func(*rapid.T) { f.flushAll(0); clear(actors) },
			"sweep": func(*rapid.T) { f.sweepRound() },
			"time":  func(rt *rapid.T) { f.clock.pass(time.Duration(rapid.IntRange(0, 3).Draw(rt, "s")) * time.Second) },
			"map": func(rt *rapid.T) {
				version++
				epoch := uint64(7)
				if rapid.IntRange(0, 3).Draw(rt, "new epoch") == 0 {
					epoch += version
					clear(actors)
				} else if f.m.Epoch(0) != 7 {
					clear(actors)
				}
				f.m = mapOf(t, version, 2, epoch, all)
				if err := f.SetMap(f.m); err != nil {
					rt.Fatal(err)
				}
			},
		})
	})
}

func drawEnvelope(t *rapid.T) wire.Envelope {
	return wire.Envelope{
		Op:      shardv1.Op(rapid.IntRange(1, 12).Draw(t, "op")),
		Key:     []byte(rapid.SampledFrom([]string{"a", "b", "c", "dddd", "e0", "f1"}).Draw(t, "key")),
		Value:   rapid.SampledFrom([][]byte{nil, []byte("1"), []byte("99"), []byte("text"), make([]byte, 100), make([]byte, 3000)}).Draw(t, "value"),
		Exptime: rapid.SampledFrom([]int64{0, 0, 1, 2, 3, -1}).Draw(t, "exptime"),
		Flags:   rapid.Uint32Range(0, 2).Draw(t, "flags"),
		Delta:   rapid.SampledFrom([]uint64{1, 11, 1 << 63}).Draw(t, "delta"),
		Cas:     1,
		Options: rapid.SampledFrom([]uint32{0, 0, 0, 1, 2, 3, 4, 8, 16, 32, 64, 96, 128, 256, 512, 520, 2048, 2048 + 16, 2048 + 512, 4096 + 512}).Draw(t, "options"),
		Vivify:  rapid.SampledFrom([]int64{0, 2, -1}).Draw(t, "vivify"),
		Recache: 2, NewCas: 5, Initial: 99,
	}
}

// TestTableIsAMap: the index, the slots and the ring under random inserts and
// removals, with hashes that collide.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHosted(0, 1, newSequence(time.Unix(1_800_000_000, 0)))
		mask := rapid.SampledFrom([]uint32{0, 1, 7, 0xffffffff}).Draw(rt, "mask")
		model := map[string]bool{}
		for range rapid.IntRange(0, 200).Draw(rt, "steps") {
			n := rapid.IntRange(0, 60).Draw(rt, "key")
			key, hash := fmt.Sprint(n), uint32(n*2654435761)&mask
			ref := h.table.find(hash, []byte(key))
			if (ref != 0) != model[key] {
				rt.Fatalf("key %s: found %d, want %v", key, ref, model[key])
			}
			if ref != 0 {
				h.table.remove(ref)
			} else {
				h.table.insert(hash, newBlock([]byte(key), n), uint32(n%2))
			}
			model[key] = !model[key]
			h.bytes.Store(h.table.bytes)
			if err := h.consistent(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}
