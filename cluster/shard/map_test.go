package shard

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMapLookups(t *testing.T) {
	m := Plan(empty(t, 4), nodes("b", "a"), 9)
	if m.ClusterID() != "c" || m.Len() != 4 || m.Bits() != 2 || m.NumNodes() != 2 || !m.Complete() {
		t.Error(m)
	}
	for id := range ID(4) {
		owner, ok := m.Owner(id)
		if !ok || m.NodeAt(m.OwnerIndex(id)) != owner || m.Epoch(id) != 9 || m.Find(owner.ID) != m.OwnerIndex(id) {
			t.Errorf("shard %d: %v %v", id, owner, ok)
		}
	}
	if m.Find("c") != -1 || m.Find("") != -1 {
		t.Error("found a node that is not there")
	}
	key := []byte("key")
	if m.Of(key) != Of(key, 2) {
		t.Error("Of")
	}
}

func TestMapWithoutOwners(t *testing.T) {
	m := empty(t, 4)
	if owner, ok := m.Owner(3); ok || m.OwnerIndex(3) != -1 || m.Complete() {
		t.Error(owner)
	}
	if owned, none := m.Counts(); len(owned) != 0 || none != 4 {
		t.Error(owned, none)
	}
}

// Nobody can change a map through what it hands out.
func TestMapIsImmutable(t *testing.T) {
	m := Plan(empty(t, 4), nodes("a", "b"), 9)
	table := m.Table()
	same, err := New(table)
	if err != nil {
		t.Fatal(err)
	}
	m.Nodes()[0].ID = "changed"
	table.Nodes[0].ID = "changed"
	table.Shards[0] = Entry{Epoch: 77, Owner: 1}
	if !m.Equal(same) {
		t.Error(m)
	}
}

func TestMapString(t *testing.T) {
	if got := empty(t, 4).String(); got != "map c/0 of 4 shards on 0 nodes, 4 without owner" {
		t.Error(got)
	}
	if got := (*Map)(nil).String(); got != "no map" {
		t.Error(got)
	}
}

func TestNewRefuses(t *testing.T) {
	good := func() Table { return Plan(empty(t, 4), nodes("a", "b"), 9).Table() }
	tests := map[string]struct {
		spoil func(*Table)
		want  error
	}{
		"no shards":             {func(t *Table) { t.Shards = nil }, ErrShards},
		"three shards":          {func(t *Table) { t.Shards = t.Shards[:3] }, ErrShards},
		"owner out of range":    {func(t *Table) { t.Shards[0].Owner = 2 }, ErrMap},
		"owner below none":      {func(t *Table) { t.Shards[0].Owner = -2 }, ErrMap},
		"epoch over 24 bits":    {func(t *Table) { t.Shards[0].Epoch = 1 << 24 }, ErrMap},
		"nodes out of order":    {func(t *Table) { t.Nodes[0].ID = "z" }, ErrMap},
		"two nodes of one id":   {func(t *Table) { t.Nodes[1].ID = "a" }, ErrMap},
		"node without id":       {func(t *Table) { t.Nodes[0].ID = "" }, ErrNode},
		"id that is a path":     {func(t *Table) { t.Nodes[0].ID = "a/b" }, ErrNode},
		"address without end":   {func(t *Table) { t.Nodes[0].Address = strings.Repeat("x", 256) }, ErrNode},
		"weight without bounds": {func(t *Table) { t.Nodes[0].Weight = 1 << 20 }, ErrNode},
		"unknown state":         {func(t *Table) { t.Nodes[0].State = 9 }, ErrNode},
		"cluster without end":   {func(t *Table) { t.ClusterID = strings.Repeat("x", 256) }, ErrMap},
		"too many nodes":        {func(t *Table) { t.Nodes = make([]Node, MaxNodes+1) }, ErrMap},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			table := good()
			test.spoil(&table)
			if _, err := New(table); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	if _, err := New(good()); err != nil {
		t.Error(err)
	}
}

func TestTableRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		again, err := New(m.Table())
		if err != nil || !again.Equal(m) {
			t.Fatalf("%v: %v", err, again)
		}
	})
}

func TestEqual(t *testing.T) {
	a := Plan(empty(t, 4), nodes("a", "b"), 9)
	b := Plan(empty(t, 4), nodes("a", "b"), 9)
	if !a.Equal(b) || a.Equal(nil) || !(*Map)(nil).Equal(nil) || (*Map)(nil).Equal(a) {
		t.Error("equal")
	}
	if a.Equal(Plan(a, nodes("a"), 9)) || a.Equal(Plan(empty(t, 4), nodes("a", "b"), 10)) {
		t.Error("not equal")
	}
}

func TestNodeState(t *testing.T) {
	for _, s := range []NodeState{Live, Draining} {
		if got, err := ParseNodeState(s.String()); err != nil || got != s {
			t.Errorf("%v: %v, %v", s, got, err)
		}
	}
	if _, err := ParseNodeState("dead"); !errors.Is(err, ErrNode) {
		t.Error(err)
	}
	if got := NodeState(7).String(); got != "NodeState(7)" {
		t.Error(got)
	}
}

// What the hot path asks of a map allocates nothing.
func TestMapAllocations(t *testing.T) {
	m := Plan(empty(t, 1024), nodes("a", "b"), 9)
	key := []byte("user:1234567890:profile")
	if n := testing.AllocsPerRun(100, func() {
		id := m.Of(key)
		_, _, _ = m.OwnerIndex(id), m.Epoch(id), m.NodeAt(m.OwnerIndex(id))
		_, _ = m.Owner(id)
		m.Find("b")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
