package region

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/prefix"
	"github.com/memactor/memactor/shardnode/internal/watch"
)

// lines is what a watcher of these kinds has been told, in short.
func lines(t *testing.T, w *watch.Watcher) []string {
	t.Helper()
	var all []string
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	events := make([]watch.Event, 10)
	for {
		n, _, err := w.Take(ctx, events)
		if err != nil {
			return all
		}
		for i := range n {
			e := &events[i]
			kind := strings.TrimPrefix(e.Kind.String(), "LOG_KIND_")
			op, outcome := strings.TrimPrefix(e.Op.String(), "OP_"), strings.TrimPrefix(e.Outcome.String(), "LOG_OUTCOME_")
			all = append(all, strings.ToLower(fmt.Sprintf("%s %s %s %s ttl=%d size=%d idle=%d fetched=%v",
				kind, e.Key(), op, outcome, e.TTL, e.Size, e.Idle, e.Fetched)))
		}
	}
}

func (f *fixture) watch(kinds ...shardv1.LogKind) *watch.Watcher {
	f.t.Helper()
	w, err := f.Events().Watch(watch.KindsOf(kinds...))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(w.Close)
	return w
}

func same(t *testing.T, got []string, want string) {
	t.Helper()
	want = strings.TrimSpace(strings.ReplaceAll(want, "\t", ""))
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestWhatWatchersAreTold(t *testing.T) {
	f := newFixture(t, 16)
	w := f.watch(shardv1.LogKind_LOG_KIND_FETCHERS, shardv1.LogKind_LOG_KIND_MUTATIONS, shardv1.LogKind_LOG_KIND_DELETIONS)
	f.get("a")
	f.set("a", "abc")
	f.get("a")
	f.send(wire.Envelope{Op: shardv1.Op_OP_GAT, Key: []byte("a"), Exptime: 10})
	f.send(wire.Envelope{Op: shardv1.Op_OP_TOUCH, Key: []byte("a"), Exptime: 5})
	f.send(wire.Envelope{Op: shardv1.Op_OP_ADD, Key: []byte("a"), Value: []byte("x"), Exptime: 100})
	f.send(wire.Envelope{Op: shardv1.Op_OP_CAS, Key: []byte("a"), Value: []byte("x"), Cas: 1})
	f.send(wire.Envelope{Op: shardv1.Op_OP_CAS, Key: []byte("b"), Value: []byte("x"), Cas: 1})
	f.send(wire.Envelope{Op: shardv1.Op_OP_SET, Key: []byte("b"), Value: make([]byte, 2<<20), Exptime: -1})
	f.send(wire.Envelope{Op: shardv1.Op_OP_INCR, Key: []byte("a"), Delta: 1})
	f.clock.pass(5 * time.Second)
	f.get("a")
	f.set("c", "c")
	f.flushAll(0)
	f.get("c")
	f.set("d", "dd")
	f.send(f.op(shardv1.Op_OP_DELETE, "d"))
	f.send(f.op(shardv1.Op_OP_DELETE, "d"))
	same(t, lines(t, w), `
		fetchers a get not_found ttl=0 size=0 idle=0 fetched=false
		mutations a set stored ttl=0 size=3 idle=0 fetched=false
		fetchers a get found ttl=0 size=3 idle=0 fetched=false
		fetchers a gat found ttl=0 size=3 idle=0 fetched=false
		fetchers a touch found ttl=0 size=3 idle=0 fetched=false
		mutations a add not_stored ttl=100 size=1 idle=0 fetched=false
		mutations a cas exists ttl=0 size=1 idle=0 fetched=false
		mutations b cas not_found ttl=0 size=1 idle=0 fetched=false
		mutations b set too_large ttl=-1 size=2097152 idle=0 fetched=false
		fetchers a get expired ttl=0 size=0 idle=0 fetched=false
		mutations c set stored ttl=0 size=1 idle=0 fetched=false
		fetchers c get flushed ttl=0 size=0 idle=0 fetched=false
		mutations d set stored ttl=0 size=2 idle=0 fetched=false
		deletions d delete unspecified ttl=0 size=2 idle=0 fetched=false`)
	f.check()
}

func TestWatchersAreToldOfEvictions(t *testing.T) {
	f := newFixture(t, 1, memory(4000))
	w := f.watch(shardv1.LogKind_LOG_KIND_EVICTIONS)
	e := f.op(shardv1.Op_OP_SET, "old")
	e.Value, e.Exptime = make([]byte, 900), 100
	f.send(e)
	f.get("old")
	f.set("next", strings.Repeat("x", 900))
	f.clock.pass(7 * time.Second)
	for i := range 4 {
		f.set(fmt.Sprint("new", i), strings.Repeat("x", 900))
	}
	got := lines(t, w)
	if len(got) < 2 {
		t.Fatalf("%d evictions", len(got))
	}
	same(t, got[:2], `
		evictions old unspecified unspecified ttl=93 size=900 idle=7 fetched=true
		evictions next unspecified unspecified ttl=-1 size=900 idle=7 fetched=false`)
}

func TestPrefixesAreCounted(t *testing.T) {
	f := newFixture(t, 16)
	f.set("p:before", "v")
	f.Prefixes().Start(prefix.Delimiter)
	f.set("p:a", "v")
	f.get("p:a")
	f.get("p:b")
	f.send(f.op(shardv1.Op_OP_GAT, "p:a"))
	f.send(f.op(shardv1.Op_OP_TOUCH, "p:a"))
	f.send(f.op(shardv1.Op_OP_ADD, "p:a"))
	f.send(f.op(shardv1.Op_OP_DELETE, "p:b"))
	f.set("plain", "v")
	f.Prefixes().Stop()
	f.get("p:a")
	got := f.Prefixes().Dump()
	if want := (prefix.Counts{Prefix: "p", Gets: 3, Hits: 2, Sets: 2, Deletes: 1}); len(got) != 1 || got[0] != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	f.ResetStats()
	if got := f.Prefixes().Dump(); len(got) != 0 {
		t.Fatalf("after a reset %+v", got)
	}
}
