package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/cluster/shardpb"
	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// observer follows a cluster's map from outside: in Consul, at each node, and in
// what the gateways say of it.
type observer struct {
	now    func() time.Duration // the load's clock
	consul *registry.Consul
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu       sync.Mutex
	gateways []*harness.Gateway
	last     *shard.Map    // the newest that was stored
	asked    time.Duration // when it was last asked for
	changes  []change
	owners   map[served]owner
	wrong    error
}

// change is one map that followed another.
type change struct {
	from, to *shard.Map
	move     consistency.Move
	over     bool // all gateways have it
}

// served is what one owner alone may serve.
type served struct {
	shard shard.ID
	epoch uint64
}

type owner struct {
	id          string
	incarnation uint64
}

// observe begins to follow a cluster whose Consul is at address.
func observe(t *testing.T, address string, c *harness.Cluster, now func() time.Duration) *observer {
	t.Helper()
	consul, err := registry.NewConsul(registry.ConsulOptions{
		Address: address, Cluster: "e2e", Timeout: time.Second, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	o := &observer{now: now, consul: consul, cancel: cancel, gateways: c.Gateways, owners: map[served]owner{}}
	t.Cleanup(o.stop)
	o.group.Go(func() { every(ctx, 10*time.Millisecond, o.lookAtConsul) })
	for _, n := range c.Nodes {
		o.node(ctx, t, n)
	}
	harness.Eventually(t, patience, "the observer has the map", func() bool { return o.newest() != nil })
	return o
}

func (o *observer) stop() {
	o.cancel()
	o.group.Wait()
	_ = o.consul.Close()
}

func every(ctx context.Context, pause time.Duration, do func(ctx context.Context)) {
	for ctx.Err() == nil {
		do(ctx)
		time.Sleep(pause)
	}
}

// node follows the map that a node acts on.
func (o *observer) node(ctx context.Context, t *testing.T, n *harness.ShardNode) {
	t.Helper()
	client, _ := n.Client(t)
	o.group.Go(func() {
		every(ctx, 50*time.Millisecond, func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			answer, err := client.GetShardMap(ctx, &shardv1.GetShardMapRequest{})
			if err != nil {
				return // it is not there now
			}
			if m, err := shardpb.Decode(answer.GetMap()); err == nil {
				o.saw(m)
			}
		})
	})
}

// lookAtConsul takes in what is stored now, and which gateways act on it.
func (o *observer) lookAtConsul(ctx context.Context) {
	asked := o.now()
	s, err := o.consul.Snapshot(ctx)
	if err == nil && s.Map != nil {
		o.saw(s.Map)
		o.stored(s.Map, asked, o.now())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.changes {
		if c := &o.changes[i]; !c.over && o.known(c.to.Version()) {
			c.move.End, c.over = consistency.Span{From: c.move.Begin.From, To: o.now()}, true
		}
	}
}

// stored takes in what was stored at some time between two moments.
func (o *observer) stored(m *shard.Map, from, to time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last != nil && m.Version() > o.last.Version() {
		o.changes = append(o.changes, change{from: o.last, to: m, move: consistency.Move{Begin: consistency.Span{From: o.asked, To: to}}})
	}
	if o.last == nil || m.Version() >= o.last.Version() {
		o.last, o.asked = m, from
	}
}

// saw notes who serves what by a map: one epoch of one shard never has two owners.
func (o *observer) saw(m *shard.Map) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id := range shard.ID(m.Len()) {
		node, ok := m.Owner(id)
		if !ok {
			continue
		}
		at, is := served{id, m.Epoch(id)}, owner{node.ID, node.Incarnation}
		if was, ok := o.owners[at]; ok && was != is && o.wrong == nil {
			o.wrong = fmt.Errorf("shard %d has two owners under epoch %d: %v and %v", id, at.epoch, was, is)
		}
		o.owners[at] = is
	}
}

// known says whether all gateways act on a map of at least that version.
func (o *observer) known(version uint64) bool {
	for _, g := range o.gateways {
		if mapVersion(g.Out.String()) < version {
			return false
		}
	}
	return true
}

// mapVersion is the version of the last map that a gateway's log tells of.
func mapVersion(log string) uint64 {
	i := strings.LastIndex(log, `"message":"shard map"}`)
	if i < 0 {
		return 0
	}
	var line struct {
		Version uint64 `json:"version"`
	}
	begin := strings.LastIndexByte(log[:i], '\n') + 1
	text, _, _ := strings.Cut(log[begin:], "\n")
	if json.Unmarshal([]byte(text), &line) != nil {
		return 0
	}
	return line.Version
}

func (o *observer) newest() *shard.Map {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// await waits until the stored map is as wanted, all gateways act on it, and
// returns it.
func (o *observer) await(t *testing.T, what string, wanted func(m *shard.Map) bool) *shard.Map {
	t.Helper()
	var m *shard.Map
	harness.Eventually(t, patience, what, func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		m = o.last
		return m != nil && wanted(m) && o.known(m.Version())
	})
	return m
}

// coordinator is the id of the coordinator, as soon as there is one.
func (o *observer) coordinator(t *testing.T) string {
	t.Helper()
	var id string
	harness.Eventually(t, patience, "a coordinator", func() bool {
		id, _ = o.consul.Coordinator(t.Context())
		return id != ""
	})
	return id
}

// moves are a key's moves. sure is false if one may have been missed.
func (o *observer) moves(key string) (moves []consistency.Move, sure bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	sure = true
	for _, c := range o.changes {
		id := c.to.Of([]byte(key))
		if c.from.Epoch(id) == c.to.Epoch(id) {
			continue
		}
		sure = sure && c.over && c.to.Version() == c.from.Version()+1
		moves = append(moves, c.move)
	}
	return moves, sure
}

// check is what a history shows that may not be: entries are lost when their shard
// changes its owner, and at no other time.
func (o *observer) check(t *testing.T, h *consistency.History) {
	t.Helper()
	lossy := map[string]bool{}
	all := map[string][]consistency.Move{}
	for _, op := range h.Operations {
		if _, ok := all[op.Key]; ok || lossy[op.Key] {
			continue
		}
		moves, sure := o.moves(op.Key)
		all[op.Key], lossy[op.Key] = moves, !sure
	}
	exact := h.Where(func(op consistency.Operation) bool { return !lossy[op.Key] })
	loose := h.Where(func(op consistency.Operation) bool { return lossy[op.Key] })
	err := errors.Join(o.wrong, h.Violation,
		exact.Check(consistency.Rules{Moves: func(key string) []consistency.Move { return all[key] }}),
		loose.Check(consistency.Rules{Lossy: true}))
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d operations; of %d a move may have been missed", len(h.Operations), len(loose.Operations))
}
