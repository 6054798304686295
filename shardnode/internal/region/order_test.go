package region

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// The order of messages, checked from outside: several streams append tokens to
// few hot keys and count on others. Whatever the interleaving, a key's value holds
// each token once, those of one stream in the order in which it sent them, and each
// count is answered with another number.

const (
	orderStreams = 6
	orderRounds  = 400
)

// history is what all streams were answered.
type history struct {
	mu     sync.Mutex
	faults []string
	counts map[uint64]int // replies to incr
}

func (h *history) faultf(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.faults) < 5 {
		h.faults = append(h.faults, fmt.Sprintf(format, args...))
	}
}

// Reply takes replies of all streams.
func (h *history) Reply(_ uint32, r *wire.Reply) {
	if r.Status != statusOK {
		h.faultf("reply %d: %s", r.ID, r.Status)
	}
	if r.Number > 0 {
		h.mu.Lock()
		h.counts[r.Number]++
		h.mu.Unlock()
	}
	if r.Value != nil {
		checkTokens(h, r.Value, -1)
	}
}

// checkTokens looks at a value of tokens "stream:number,"; it has n of them, any
// number if n is -1.
func checkTokens(h *history, value []byte, n int) {
	last := map[string]int{}
	tokens := strings.Split(strings.TrimSuffix(string(value), ","), ",")
	for _, token := range tokens[1:] { // the first is the start value
		var number int
		stream, text, _ := strings.Cut(token, ":")
		fmt.Sscan(text, &number)
		if number != last[stream]+1 {
			h.faultf("stream %s: token %d after %d", stream, number, last[stream])
		}
		last[stream] = number
	}
	if n >= 0 && len(tokens) != n+1 {
		h.faultf("%d tokens, want %d", len(tokens)-1, n)
	}
}

// runOrder lets the streams run against f, and returns the first faults found.
func runOrder(f *fixture) []string {
	h := &history{counts: map[uint64]int{}}
	f.set("log", "start,")
	f.set("count", "0")
	var streams sync.WaitGroup
	for s := range orderStreams {
		streams.Go(func() { orderStream(f, h, s) })
	}
	streams.Wait()
	f.Wait()
	checkTokens(h, []byte(f.value("log")), orderStreams*orderRounds)
	for n := uint64(1); n <= orderStreams*orderRounds; n++ {
		if h.counts[n] != 1 {
			h.faultf("%d counts were answered with %d", h.counts[n], n)
		}
	}
	return h.faults
}

func orderStream(f *fixture, h *history, stream int) {
	d := f.NewDeliverer(h, h)
	deliver := func(op shardv1.Op, key, value string) {
		e := wire.Envelope{Op: op, Key: []byte(key), Value: []byte(value), Delta: 1}
		e.Shard = uint32(f.m.Of(e.Key))
		d.Deliver(&e)
	}
	for i := range orderRounds {
		deliver(shardv1.Op_OP_APPEND, "log", fmt.Sprintf("%d:%d,", stream, i+1))
		deliver(shardv1.Op_OP_INCR, "count", "")
		if i%20 == 0 {
			deliver(shardv1.Op_OP_GET, "log", "")
		}
	}
}

// slowly makes turns long enough to meet, now and then.
func slowly(a entry.Actor, m *entry.Message, t *entry.Turn) entry.Outcome {
	if m.Delta%7 == 1 {
		for range 50 {
			spin = append(spin[:0], a.Entry.Value[:min(len(a.Entry.Value), 64)]...)
		}
	}
	return entry.Step(a, m, t)
}

var spin []byte

func TestOrderUnderConcurrency(t *testing.T) {
	for _, shards := range []int{1, 64} {
		f := newFixture(t, shards)
		if faults := runOrder(f); len(faults) > 0 {
			t.Fatalf("%d shards: %s", shards, strings.Join(faults, "; "))
		}
		f.check()
	}
}

// The checker must find a mailbox that is no queue.
func TestCheckerFindsReorderedMail(t *testing.T) {
	f := newFixture(t, 1)
	f.take = func(b *mailbox) mail { // the newest first
		slices.Reverse(b.queue[b.head:])
		m := b.take()
		slices.Reverse(b.queue[b.head:])
		return m
	}
	if faults := reorderedRun(f); len(faults) == 0 {
		t.Fatal("mail was handled in reverse and nobody noticed")
	}
}

// The checker must find mail that is lost.
func TestCheckerFindsLostMail(t *testing.T) {
	f := newFixture(t, 1)
	lost := false
	f.take = func(b *mailbox) mail {
		m := b.take()
		if !lost && b.len() > 0 {
			lost = true
			m = b.take()
		}
		return m
	}
	if faults := reorderedRun(f); len(faults) == 0 {
		t.Fatal("mail was lost and nobody noticed")
	}
}

// The checker must find an actor that two goroutines run at once: here the second
// one sees what the first saw.
func TestCheckerFindsLostUpdate(t *testing.T) {
	f := newFixture(t, 1)
	var mu sync.Mutex
	var stale []byte
	f.step = func(a entry.Actor, m *entry.Message, t *entry.Turn) entry.Outcome {
		mu.Lock()
		defer mu.Unlock()
		if m.Op == entry.OpAppend && bytes.Contains(m.Value, []byte(":200,")) && stale != nil {
			a.Entry.Value = stale
		}
		o := entry.Step(a, m, t)
		if m.Op == entry.OpAppend && bytes.Contains(m.Value, []byte(":199,")) {
			stale = bytes.Clone(a.Entry.Value)
		}
		return o
	}
	if faults := runOrder(f); len(faults) == 0 {
		t.Fatal("an update was lost and nobody noticed")
	}
}

// reorderedRun makes sure that there is mail: the first turn is stopped until
// all that one stream sends is in the mailbox.
func reorderedRun(f *fixture) []string {
	h := &history{counts: map[uint64]int{}}
	f.set("log", "start,")
	step := f.step
	stop, stopped := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.step = func(a entry.Actor, m *entry.Message, t *entry.Turn) entry.Outcome {
		once.Do(func() { close(stopped); <-stop })
		return step(a, m, t)
	}
	var streams sync.WaitGroup
	streams.Go(func() {
		d := f.NewDeliverer(h, h)
		e := wire.Envelope{Op: shardv1.Op_OP_APPEND, Key: []byte("log")}
		d.Deliver(&e)
	})
	<-stopped
	d := f.NewDeliverer(h, h)
	const tokens = 200
	for i := range tokens {
		e := wire.Envelope{Op: shardv1.Op_OP_APPEND, Key: []byte("log"), Value: fmt.Appendf(nil, "0:%d,", i+1)}
		d.Deliver(&e)
	}
	close(stop)
	streams.Wait()
	f.Wait()
	checkTokens(h, []byte(f.value("log")), tokens)
	return h.faults
}

// What reorderedRun sends is in order without a fault planted.
func TestCheckerPassesTheRealThing(t *testing.T) {
	if faults := reorderedRun(newFixture(t, 1)); len(faults) > 0 {
		t.Fatal(faults)
	}
}

func TestOrderWithSlowTurns(t *testing.T) {
	f := newFixture(t, 1)
	var mu sync.Mutex
	f.step = func(a entry.Actor, m *entry.Message, t *entry.Turn) entry.Outcome {
		mu.Lock()
		defer mu.Unlock()
		return slowly(a, m, t)
	}
	if faults := runOrder(f); len(faults) > 0 {
		t.Fatal(strings.Join(faults, "; "))
	}
	f.check()
}
