package shard

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawNodes is up to n members, each with any weight and state, and a few with
// an earlier incarnation than the one a later draw may give them.
func drawNodes(t *rapid.T, n int) []Node {
	ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 40), 0, n, rapid.ID[int]).Draw(t, "ids")
	nodes := make([]Node, 0, len(ids))
	for _, id := range ids {
		nodes = append(nodes, Node{
			ID:          fmt.Sprintf("n%02d", id),
			Incarnation: rapid.Uint64Range(1, 3).Draw(t, "incarnation"),
			Address:     fmt.Sprintf("10.0.0.%d:7001", id),
			Zone:        rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "zone"),
			Weight:      rapid.SampledFrom([]uint32{0, 1, 1, 1, 2, 3, 7, 1000}).Draw(t, "weight"),
			State:       rapid.SampledFrom([]NodeState{Live, Live, Live, Draining}).Draw(t, "state"),
		})
	}
	return nodes
}

// drawMap is a map with a history: several plans, each for other members.
func drawMap(t *rapid.T) *Map {
	m, err := Empty("c", 1<<rapid.IntRange(0, 9).Draw(t, "bits"))
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 4).Draw(t, "plans") {
		m = Plan(m, drawNodes(t, 12), rapid.Uint64Range(1, 1000).Draw(t, "base"))
	}
	return m
}

func TestPlanIsBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		next := Plan(drawMap(t), drawNodes(t, 12), 5)
		owned, none := next.Counts()
		total := uint64(0)
		for _, n := range next.nodes {
			total += n.share()
		}
		if total == 0 {
			if none != next.Len() {
				t.Fatalf("%d shards without owner of %d, with no live member", none, next.Len())
			}
			return
		}
		if none != 0 {
			t.Fatalf("%d shards without owner", none)
		}
		low, high := math.Inf(1), math.Inf(-1)
		for i, n := range next.nodes {
			exact := float64(next.Len()) * float64(n.share()) / float64(total)
			if math.Abs(float64(owned[i])-exact) >= 1 {
				t.Fatalf("%s of share %d/%d has %d of %d shards", n.ID, n.share(), total, owned[i], next.Len())
			}
			if n.share() > 0 {
				low, high = min(low, float64(owned[i])/float64(n.share())), max(high, float64(owned[i])/float64(n.share()))
			}
		}
		if high-low > 1 {
			t.Fatalf("per unit of weight, between %v and %v shards", low, high)
		}
	})
}

// No other balanced map needs fewer moves. What balance allows is each node's
// share rounded down or up, so the least moves are found by trying every way to
// round (on few nodes).
func TestPlanMovesTheFewest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prev := drawMap(t)
		next := Plan(prev, drawNodes(t, 6), 5)
		if got, want := Moves(prev, next), fewestMoves(prev, next.nodes); got != want {
			t.Fatalf("%d moves, %d would do\n%v %v\n%v %v", got, want, prev, prev.nodes, next, next.nodes)
		}
	})
}

// fewestMoves tries all quotas: a node keeps what it has up to its quota, and
// every other shard moves.
func fewestMoves(prev *Map, nodes []Node) int {
	total, have := uint64(0), make([]int, len(nodes))
	for i, n := range nodes {
		total += n.share()
		have[i] = ownedBy(prev, n.ID)
	}
	if total == 0 {
		_, none := prev.Counts()
		return prev.Len() - none // all that are owned lose their owner
	}
	best := math.MaxInt
	for up := range 1 << len(nodes) {
		kept, sum := 0, 0
		for i, n := range nodes {
			exact := uint64(prev.Len()) * n.share()
			quota := int(exact / total)
			if up>>i&1 == 1 && exact%total > 0 {
				quota++
			}
			sum += quota
			kept += min(quota, have[i])
		}
		if sum == prev.Len() {
			best = min(best, prev.Len()-kept)
		}
	}
	return best
}

func ownedBy(m *Map, id string) int {
	i := m.Find(id)
	if i < 0 {
		return 0
	}
	owned, _ := m.Counts()
	return owned[i]
}

func TestPlanOfAPlanChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := drawNodes(t, 12)
		once := Plan(drawMap(t), members, rapid.Uint64Range(0, 2000).Draw(t, "base1"))
		if twice := Plan(once, members, rapid.Uint64Range(0, 2000).Draw(t, "base2")); twice != once {
			t.Fatalf("%v, then %v", once, twice)
		}
	})
}

func TestPlanVersionsAndEpochs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prev, base := drawMap(t), rapid.Uint64Range(1, 2000).Draw(t, "base")
		next := Plan(prev, drawNodes(t, 12), base)
		if next == prev {
			return
		}
		if next.Version() != prev.Version()+1 {
			t.Fatalf("version %d after %d", next.Version(), prev.Version())
		}
		for i := range next.Len() {
			before, had := prev.Owner(ID(i))
			after, has := next.Owner(ID(i))
			want := prev.Epoch(ID(i))
			if had != has || before.ID != after.ID || before.Incarnation != after.Incarnation {
				want = max(want+1, base)
			}
			if next.Epoch(ID(i)) != want {
				t.Fatalf("shard %d: %v under %d, then %v under %d; base %d",
					i, before, prev.Epoch(ID(i)), after, next.Epoch(ID(i)), base)
			}
		}
	})
}

// Two processes plan the same map, in whatever order they heard of the members.
func TestPlanIgnoresTheOrderOfMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prev, members := drawMap(t), drawNodes(t, 12)
		shuffled := rapid.Permutation(members).Draw(t, "shuffled")
		if a, b := Plan(prev, members, 7), Plan(prev, shuffled, 7); !a.Equal(b) {
			t.Fatalf("%v and %v", a, b)
		}
	})
}

func TestPlanLeavesItsArgumentsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prev, members := drawMap(t), drawNodes(t, 12)
		before, list := prev.Table(), slices.Clone(members)
		Plan(prev, members, 7)
		after, err := New(before)
		if err != nil || !prev.Equal(after) || !slices.Equal(list, members) {
			t.Fatalf("%v: %v", err, prev)
		}
	})
}

func nodes(ids ...string) []Node {
	list := make([]Node, 0, len(ids))
	for _, id := range ids {
		list = append(list, Node{ID: id, Incarnation: 1, Address: id + ":1"})
	}
	return list
}

func empty(t testing.TB, shards int) *Map {
	t.Helper()
	m, err := Empty("c", shards)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The life of a cluster, step by step: who has how many shards, and how many
// had to move.
func TestPlanLife(t *testing.T) {
	steps := []struct {
		name    string
		members []Node
		owned   []int
		none    int
		moves   int
		version uint64
	}{
		{"nobody", nil, []int{}, 1024, 0, 0},
		{"the first", nodes("a"), []int{1024}, 0, 1024, 1},
		{"the same again", nodes("a"), []int{1024}, 0, 0, 1},
		{"a second", nodes("a", "b"), []int{512, 512}, 0, 512, 2},
		{"a third", nodes("a", "b", "c"), []int{342, 341, 341}, 0, 341, 3},
		{"one leaves", nodes("a", "c"), []int{512, 512}, 0, 341, 4},
		{"one drains", []Node{nodes("a")[0], {ID: "c", Incarnation: 1, State: Draining}}, []int{1024, 0}, 0, 512, 5},
		{"and is gone", nodes("a"), []int{1024}, 0, 0, 6},
		{"all are gone", nil, []int{}, 1024, 1024, 7},
		{"another", nodes("b"), []int{1024}, 0, 1024, 8},
		{"one with three times the weight", append(nodes("b"), Node{ID: "w", Weight: 3}), []int{256, 768}, 0, 768, 9},
	}
	m := empty(t, 1024)
	for _, step := range steps {
		next := Plan(m, step.members, 1)
		owned, none := next.Counts()
		if !slices.Equal(owned, step.owned) || none != step.none || Moves(m, next) != step.moves || next.Version() != step.version {
			t.Errorf("%s: %d shards each, %d without, %d moves, version %d", step.name, owned, none, Moves(m, next), next.Version())
		}
		m = next
	}
}

// A node that starts again keeps its shards, under new epochs: it is empty.
func TestPlanNewIncarnation(t *testing.T) {
	m := Plan(empty(t, 8), nodes("a", "b"), 10)
	again := nodes("a", "b")
	again[0].Incarnation = 2
	next := Plan(m, again, 10)
	if Moves(m, next) != 0 {
		t.Errorf("%d moves", Moves(m, next))
	}
	for i := range ID(8) {
		owner, _ := next.Owner(i)
		want := uint64(10)
		if owner.ID == "a" {
			want = 11
		}
		if next.Epoch(i) != want {
			t.Errorf("shard %d of %s: epoch %d, want %d", i, owner.ID, next.Epoch(i), want)
		}
	}
}

// A node's address or zone is no owner's matter, but the map tells of it.
func TestPlanNewAddress(t *testing.T) {
	m := Plan(empty(t, 8), nodes("a"), 10)
	other := nodes("a")
	other[0].Address, other[0].Zone = "elsewhere:1", "z"
	next := Plan(m, other, 20)
	if next.Version() != 2 || next.Epoch(0) != 10 || next.NodeAt(0) != other[0] {
		t.Errorf("%v, epoch %d, %v", next, next.Epoch(0), next.NodeAt(0))
	}
}

func TestPlanTwoOfOneID(t *testing.T) {
	two := append(nodes("a"), Node{ID: "a", Incarnation: 5}, Node{ID: "a", Incarnation: 3})
	m := Plan(empty(t, 8), two, 10)
	if m.NumNodes() != 1 || m.NodeAt(0).Incarnation != 5 {
		t.Errorf("%v", m.Nodes())
	}
}

func TestFixed(t *testing.T) {
	a, err := Fixed("static", 16, nodes("x", "y", "z"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Fixed("static", 16, nodes("z", "x", "y"))
	if err != nil {
		t.Fatal(err)
	}
	if !a.Equal(b) || a.Version() != 1 || !a.Complete() || a.Epoch(3) != 0 {
		t.Errorf("%v and %v", a, b)
	}
	if _, err := Fixed("static", 16, []Node{{ID: "no good"}}); err == nil {
		t.Error("a node with a space in its id")
	}
	if _, err := Fixed("static", 15, nodes("x")); err == nil {
		t.Error("15 shards")
	}
}

// large is a cluster at the design's limit: 4096 shards on 200 nodes.
func large(t testing.TB) (*Map, []Node) {
	t.Helper()
	members := make([]Node, 200)
	for i := range members {
		members[i] = Node{
			ID:          fmt.Sprintf("shardnode-%03d.example.internal", i),
			Incarnation: 1_790_000_000_000 + uint64(i),
			Address:     fmt.Sprintf("shardnode-%03d.example.internal:7001", i),
			Zone:        fmt.Sprintf("europe-west-1%c", 'a'+i%3),
			Weight:      uint32(1 + i%2),
		}
	}
	return Plan(empty(t, 4096), members, 900_000), members
}

// The goal is 50 ms for a plan on 4096 shards and 200 nodes.
func BenchmarkPlan(b *testing.B) {
	m, members := large(b)
	b.Run("nothing", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Plan(m, members, 900_001)
		}
	})
	b.Run("leave", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Plan(m, members[1:], 900_001)
		}
	})
}
