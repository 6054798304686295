package watch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func event(k shardv1.LogKind, key string) *Event {
	e := &Event{Kind: k}
	e.SetKey([]byte(key))
	return e
}

// taken is the keys of all events that wait, and how many were lost.
func taken(t *testing.T, w *Watcher) (keys []string, skipped uint64) {
	t.Helper()
	into := make([]Event, 100)
	for {
		n, lost := w.take(into)
		skipped += lost
		for i := range n {
			keys = append(keys, string(into[i].Key()))
		}
		if n == 0 {
			return keys, skipped
		}
	}
}

func TestEventsGoToThoseWhoWatchTheirKind(t *testing.T) {
	var h Hub
	if h.Wants(Fetchers | Mutations | Evictions | Deletions) {
		t.Fatal("nobody watches, and something is wanted")
	}
	reads := must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS)
	both := must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS, shardv1.LogKind_LOG_KIND_MUTATIONS)
	if !h.Wants(Fetchers) || !h.Wants(Mutations) || h.Wants(Evictions|Deletions) {
		t.Fatal("what is wanted is not what is watched")
	}
	h.Publish(event(shardv1.LogKind_LOG_KIND_FETCHERS, "read"))
	h.Publish(event(shardv1.LogKind_LOG_KIND_MUTATIONS, "store"))
	h.Publish(event(shardv1.LogKind_LOG_KIND_EVICTIONS, "evict"))
	if keys, _ := taken(t, reads); fmt.Sprint(keys) != "[read]" {
		t.Errorf("one who watches reads got %v", keys)
	}
	if keys, _ := taken(t, both); fmt.Sprint(keys) != "[read store]" {
		t.Errorf("one who watches both got %v", keys)
	}
	both.Close()
	if h.Wants(Mutations) || !h.Wants(Fetchers) {
		t.Error("what nobody watches any more is wanted")
	}
	reads.Close()
	if h.Wants(Fetchers) || h.Stats().Watchers != 0 {
		t.Error("a closed watcher still watches")
	}
}

func must(t *testing.T, h *Hub, kinds ...shardv1.LogKind) *Watcher {
	t.Helper()
	w, err := h.Watch(KindsOf(kinds...))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestFullRingLosesTheNewestAndCounts(t *testing.T) {
	var h Hub
	w := must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS)
	for i := range ringSize + 7 {
		h.Publish(event(shardv1.LogKind_LOG_KIND_FETCHERS, fmt.Sprint(i)))
	}
	keys, skipped := taken(t, w)
	if len(keys) != ringSize || keys[0] != "0" || keys[ringSize-1] != fmt.Sprint(ringSize-1) || skipped != 7 {
		t.Fatalf("%d events from %s to %s, %d lost", len(keys), keys[0], keys[len(keys)-1], skipped)
	}
	h.Publish(event(shardv1.LogKind_LOG_KIND_FETCHERS, "after"))
	if keys, skipped = taken(t, w); fmt.Sprint(keys, skipped) != "[after] 0" {
		t.Fatalf("afterwards %v, %d lost", keys, skipped)
	}
	if s := h.Stats(); s.Written != ringSize+1 || s.Skipped != 7 || s.Watchers != 1 {
		t.Fatalf("counted %+v", s)
	}
	h.ResetStats()
	if s := h.Stats(); s.Written != 0 || s.Skipped != 0 || s.Watchers != 1 {
		t.Fatalf("after a reset %+v", s)
	}
}

func TestTooManyWatchers(t *testing.T) {
	var h Hub
	for range maxWatchers {
		must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS)
	}
	if _, err := h.Watch(Fetchers); !errors.Is(err, ErrTooMany) {
		t.Fatalf("one more watcher: %v", err)
	}
	(*h.watchers.Load())[3].Close()
	must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS)
}

func TestKindsThatDoNotExist(t *testing.T) {
	if k := KindsOf(0, -1, 5, 1<<30); k != 0 {
		t.Fatalf("%b", k)
	}
}

func TestTakeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h Hub
		w := must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS)
		go func() {
			time.Sleep(time.Hour)
			h.Publish(event(shardv1.LogKind_LOG_KIND_FETCHERS, "late"))
		}()
		into := make([]Event, 1)
		n, _, err := w.Take(t.Context(), into)
		if n != 1 || err != nil || string(into[0].Key()) != "late" {
			t.Fatal(n, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, _, err := w.Take(ctx, into); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	})
}

// Many publish while one takes: each event is either taken or counted as lost.
func TestNothingIsLostUncounted(t *testing.T) {
	const publishers, each = 4, 20_000
	var h Hub
	w := must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range publishers {
		wg.Go(func() {
			for range each {
				h.Publish(event(shardv1.LogKind_LOG_KIND_FETCHERS, "key"))
			}
		})
	}
	got := uint64(0)
	taker := make(chan struct{})
	go func() {
		defer close(taker)
		into := make([]Event, 64)
		for {
			n, skipped, err := w.Take(ctx, into)
			if err != nil {
				return
			}
			got += uint64(n) + skipped
		}
	}()
	wg.Wait()
	cancel()
	<-taker
	rest, skipped := taken(t, w)
	if got += uint64(len(rest)) + skipped + w.skipped; got != publishers*each {
		t.Fatalf("%d of %d events are accounted for", got, publishers*each)
	}
	if s := h.Stats(); s.Written+s.Skipped != publishers*each {
		t.Fatalf("counted %+v", s)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var h Hub
	e := event(shardv1.LogKind_LOG_KIND_FETCHERS, "key")
	check := func(what string) {
		t.Helper()
		if n := testing.AllocsPerRun(100, func() {
			if h.Wants(Fetchers) {
				h.Publish(e)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
	check("nobody watches")
	w := must(t, &h, shardv1.LogKind_LOG_KIND_FETCHERS)
	h.Publish(e)
	check("one watches")
	w.Close()
}

func BenchmarkPublish(b *testing.B) {
	for _, watched := range []bool{false, true} {
		b.Run(fmt.Sprint("watched=", watched), func(b *testing.B) {
			var h Hub
			if watched {
				w, err := h.Watch(Fetchers)
				if err != nil {
					b.Fatal(err)
				}
				defer w.Close()
			}
			e := event(shardv1.LogKind_LOG_KIND_FETCHERS, "a key of usual length")
			b.ReportAllocs()
			for b.Loop() {
				if h.Wants(Fetchers) {
					h.Publish(e)
				}
			}
		})
	}
}
