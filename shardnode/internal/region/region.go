package region

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/shardnode/internal/entry"
	"github.com/memactor/memactor/shardnode/internal/prefix"
	"github.com/memactor/memactor/shardnode/internal/watch"
)

// Region is the set of shards that a node hosts, with their actors. It is safe for
// concurrent use. Until SetMap it hosts nothing.
type Region struct {
	opts     Options
	started  int64 // Unix second
	events   watch.Hub
	prefixes prefix.Table
	sequence *sequence
	budget   budget
	cursor   atomic.Uint32 // where the last look for memory ended
	hosting  atomic.Pointer[hosting]
	shift    shift
	mu       sync.Mutex     // serialises SetMap
	stray    stray          // counted by no shard that is hosted now
	sizes    atomic.Bool    // Sizes has something to tell
	lowered  chan struct{}  // holds a token when the memory limit has changed
	busy     sync.WaitGroup // goroutines of busy actors

	// Tests replace these, to plant faults.
	step func(entry.Actor, *entry.Message, *entry.Turn) entry.Outcome
	take func(*mailbox) mail
}

// New makes a region. Its sweeper runs while Run does.
func New(o Options) *Region {
	if o.Now == nil {
		o.Now = time.Now
	}
	now := o.Now()
	r := &Region{
		opts: o, started: now.Unix(), sequence: newSequence(now),
		lowered: make(chan struct{}, 1), step: entry.Step, take: (*mailbox).take,
	}
	r.budget.set(o.Memory)
	r.hosting.Store(&hosting{})
	return r
}

// Wait waits until no busy actor has a goroutine. Call it when nothing is delivered
// any more.
func (r *Region) Wait() { r.busy.Wait() }

// Map is the map that the region acts on; nil if it has none yet.
func (r *Region) Map() *shard.Map { return r.hosting.Load().m }

func (r *Region) now() int64 { return r.shift.of(r.opts.Now().Unix()) }
