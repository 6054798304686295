package region

import (
	"sync"
	"testing"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/entry"
)

// with is an envelope with options.
func with(op shardv1.Op, key string, options shardv1.Option) wire.Envelope {
	return wire.Envelope{Op: op, Key: []byte(key), Options: uint32(options)}
}

// answers counts the marks of the replies that it gets.
type answers struct {
	mu        sync.Mutex
	won, sent int
	others    []string // replies that are not OK
	left      sync.WaitGroup
}

func (a *answers) Reply(_ uint32, r *wire.Reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.Status != shardv1.Status_STATUS_OK:
		a.others = append(a.others, r.Status.String()+" "+r.Message)
	case r.Has(shardv1.Mark_MARK_WON):
		a.won++
	case r.Has(shardv1.Mark_MARK_WIN_SENT):
		a.sent++
	}
	a.left.Done()
}

// askAtOnce has n goroutines ask the same at the same moment.
func (f *fixture) askAtOnce(n int, e wire.Envelope) *answers {
	e.Shard = uint32(f.m.Of(e.Key))
	a := &answers{}
	a.left.Add(n)
	start := make(chan struct{})
	var asking sync.WaitGroup
	for range n {
		asking.Go(func() {
			d, own := f.NewDeliverer(a, a), e
			<-start
			d.Begin()
			d.Deliver(&own)
		})
	}
	close(start)
	asking.Wait()
	a.left.Wait()
	f.Wait()
	return a
}

// contests are the three ways to win, each prepared for one winner.
var contests = map[string]struct {
	prepare func(*fixture)
	ask     wire.Envelope
}{
	"missing": {
		func(f *fixture) { f.send(f.op(shardv1.Op_OP_DELETE, "k")) },
		wire.Envelope{Op: shardv1.Op_OP_GET, Options: uint32(shardv1.Option_OPTION_VIVIFY), Vivify: 30},
	},
	"stale": {
		func(f *fixture) {
			f.set("k", "v")
			f.send(with(shardv1.Op_OP_DELETE, "k", shardv1.Option_OPTION_INVALIDATE))
		},
		wire.Envelope{Op: shardv1.Op_OP_GET, Options: uint32(shardv1.Option_OPTION_WIN)},
	},
	"ending": {
		func(f *fixture) { f.send(wire.Envelope{Op: shardv1.Op_OP_SET, Key: []byte("k"), Exptime: 10}) },
		wire.Envelope{Op: shardv1.Op_OP_GAT, Options: uint32(shardv1.Option_OPTION_WIN | shardv1.Option_OPTION_RECACHE), Recache: 30, Exptime: 20},
	},
}

const askers = 1000

// A thousand ask at once: one wins, and all others are told that one has.
func TestExactlyOneWins(t *testing.T) {
	for name, c := range contests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1)
			c.ask.Key = []byte("k")
			for range 5 {
				c.prepare(f)
				a := f.askAtOnce(askers, c.ask)
				if a.won != 1 || a.sent != askers-1 {
					t.Fatalf("%d won, %d were told so, others %q", a.won, a.sent, a.others)
				}
			}
			f.check()
		})
	}
}

// The same with actors that forget whom they have told: the test must see it.
func TestExactlyOneWinsCatchesAPlantedBug(t *testing.T) {
	for name, c := range contests {
		f := newFixture(t, 1)
		f.step = func(a entry.Actor, m *entry.Message, in *entry.Turn) entry.Outcome {
			o := entry.Step(a, m, in)
			o.Actor.Entry.Marks &^= entry.WinSent
			return o
		}
		c.ask.Key = []byte("k")
		c.prepare(f)
		a := f.askAtOnce(askers, c.ask)
		caught := a.won != 1 || a.sent != askers-1
		if !caught {
			t.Errorf("%s: not caught", name)
		}
	}
}

// The win survives whatever does not store: a touch, a get, another turn's block.
func TestWinStaysUntilTheNextStore(t *testing.T) {
	f := newFixture(t, 1)
	win := with(shardv1.Op_OP_GET, "k", shardv1.Option_OPTION_WIN)
	marks := func(want shardv1.Mark) {
		t.Helper()
		if r := f.send(win); r.Marks != uint32(want) {
			t.Fatalf("marks %d, want %d", r.Marks, want)
		}
	}
	f.set("k", "10")
	marks(0)
	f.want(f.send(with(shardv1.Op_OP_DELETE, "k", shardv1.Option_OPTION_INVALIDATE)), shardv1.Status_STATUS_OK)
	f.value("k")
	f.send(wire.Envelope{Op: shardv1.Op_OP_GAT, Key: []byte("k"), Exptime: 100})
	marks(shardv1.Mark_MARK_WON | shardv1.Mark_MARK_STALE)
	f.send(wire.Envelope{Op: shardv1.Op_OP_TOUCH, Key: []byte("k"), Exptime: 100})
	f.send(wire.Envelope{Op: shardv1.Op_OP_INCR, Key: []byte("k"), Delta: 1})
	marks(shardv1.Mark_MARK_WIN_SENT | shardv1.Mark_MARK_STALE)
	f.set("k", "10")
	marks(0)
}
