// Package registrytest is the conformance test of registries: whatever stands
// behind registry.Registry and elects a coordinator has to pass it.
package registrytest

import (
	"context"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

// World is one registry from outside, and what can happen to it. A fresh one is
// made for each test; t.Cleanup takes it away.
type World interface {
	// Open is the registry as one more process sees it.
	Open(t *testing.T) registry.Registry
	// Crash ends the process that opened r and joined as m: it is not heard of
	// any more, and its session ends as soon as the registry notices.
	Crash(t *testing.T, r registry.Registry, m registry.Membership)
	// Stop makes the registry unavailable; Start ends that.
	Stop(t *testing.T)
	Start(t *testing.T)
	// Restore replaces the stored map behind everybody's back; nil removes it.
	Restore(t *testing.T, m *shard.Map)
	// Stored is the map as it is stored; nil is none.
	Stored(t *testing.T) *shard.Map
}

// Shards is the count of shards for which a World is to be made: small, so that
// failures can be read.
const Shards = 16

// patience bounds every wait of the suite: over twice the longest that Consul
// may take to give up on a session.
const patience = 60 * time.Second

// Run runs the whole suite, each test in a world of its own.
func Run(t *testing.T, newWorld func(t *testing.T) World) {
	for _, test := range suite {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			test.run(&bench{T: t, World: newWorld(t), ctx: ctx})
		})
	}
}

var suite = []struct {
	name string
	run  func(*bench)
}{
	{"members come and go", membersComeAndGo},
	{"a crashed member is missed", crashedMemberIsMissed},
	{"a bad node is refused", badNodeIsRefused},
	{"two live nodes with one id", duplicateIsRefused},
	{"a node that starts again", restartIsANewIncarnation},
	{"a node that starts again elsewhere after a crash", restartElsewhere},
	{"leaving twice", leavingTwice},
	{"draining", draining},
	{"one is elected", oneIsElected},
	{"a resignation elects the next", resignationElects},
	{"a coordinator that leaves is followed", leaveElects},
	{"a coordinator that crashes is followed", crashElects},
	{"a campaign ends with its context", campaignEnds},
	{"a campaign ends with its membership", campaignEndsWithMembership},
	{"the first map", firstMap},
	{"maps follow each other", mapsFollow},
	{"a map that does not follow is refused", badSuccessor},
	{"a commit needs a load", commitNeedsLoad},
	{"an ex-coordinator cannot commit", exCoordinatorIsFenced},
	{"a crashed coordinator cannot commit", crashedCoordinatorIsFenced},
	{"a commit on top of another's map", conflict},
	{"a wiped map is published again", wiped},
	{"an older map is not taken", older},
	{"a fork of the map is not taken", fork},
	{"a fork that is ahead is not taken", forkAhead},
	{"a map of another cluster is not taken", foreign},
	{"a slow watcher gets the newest", newestWins},
	{"watches end", watchesEnd},
	{"an outage", outage},
	{"joining during an outage", joinDuringOutage},
}

// bench is what a test of the suite works at.
type bench struct {
	*testing.T
	World
	ctx context.Context
}

// node is one of the suite's nodes.
func node(id string) shard.Node {
	return shard.Node{ID: id, Address: id + ".example:7001", Zone: "z", Weight: 2}
}

// open is a registry for a new process.
func (b *bench) open() registry.Registry {
	b.Helper()
	return b.Open(b.T)
}

// join makes a node a member, in a process of its own.
func (b *bench) join(n shard.Node) (registry.Registry, registry.Membership) {
	b.Helper()
	r := b.open()
	m, err := r.Join(b.ctx, n)
	b.must(err)
	return r, m
}

// elect makes a new node a member and the coordinator.
func (b *bench) elect(id string) (registry.Registry, registry.Membership, registry.Leadership) {
	b.Helper()
	r, m := b.join(node(id))
	l, err := m.Campaign(b.ctx)
	b.must(err)
	return r, m, l
}

// load is what the leadership goes on from.
func (b *bench) load(l registry.Leadership) *shard.Map {
	b.Helper()
	m, err := l.Load(b.ctx)
	b.must(err)
	return m
}

// advance commits a map that differs from the last one, and returns it.
func (b *bench) advance(l registry.Leadership, last *shard.Map, ids ...string) *shard.Map {
	b.Helper()
	next := plan(last, ids...)
	b.must(l.Commit(b.ctx, next))
	return next
}

// plan is the next map, for nodes of these ids.
func plan(last *shard.Map, ids ...string) *shard.Map {
	members := make([]shard.Node, 0, len(ids))
	for _, id := range ids {
		members = append(members, node(id))
	}
	return shard.Plan(last, members, 1000)
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// await receives until a value is as wanted, and returns it.
func await[T any](b *bench, from <-chan T, what string, wanted func(T) bool) T {
	b.Helper()
	for {
		select {
		case value, ok := <-from:
			if !ok {
				b.Fatalf("%s: the watch ended", what)
			}
			if wanted(value) {
				return value
			}
		case <-b.ctx.Done():
			b.Fatalf("%s: not seen in %v", what, patience)
		}
	}
}

// awaitVersion waits for a map of a version.
func (b *bench) awaitVersion(maps <-chan *shard.Map, version uint64) *shard.Map {
	b.Helper()
	return await(b, maps, "map", func(m *shard.Map) bool { return m.Version() >= version })
}

// awaitMembers waits for exactly these members.
func (b *bench) awaitMembers(members <-chan []shard.Node, ids ...string) []shard.Node {
	b.Helper()
	return await(b, members, "members", func(list []shard.Node) bool {
		if len(list) != len(ids) {
			return false
		}
		for i, n := range list {
			if n.ID != ids[i] {
				return false
			}
		}
		return true
	})
}

// closed waits for a channel to be closed, or to have a value.
func (b *bench) closed(what string, c <-chan struct{}) {
	b.Helper()
	select {
	case <-c:
	case <-b.ctx.Done():
		b.Fatalf("%s: not in %v", what, patience)
	}
}

// quiet gives a watch the time to show what it should not.
const quiet = 500 * time.Millisecond

// silent sees to it that a watch shows nothing for a while.
func silent[T any](b *bench, from <-chan T, what string) {
	b.Helper()
	select {
	case value, ok := <-from:
		b.Fatalf("%s: %v, %v", what, value, ok)
	case <-time.After(quiet):
	}
}
