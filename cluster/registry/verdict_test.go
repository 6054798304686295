package registry

import (
	"testing"

	"github.com/memactor/memactor/cluster/shard"
)

func TestJudge(t *testing.T) {
	m := versions(t, "a", 1, 2, 3)
	other := versions(t, "b", 9)[0]
	wider, err := shard.Empty("a", 2)
	if err != nil {
		t.Fatal(err)
	}
	fork := shard.Plan(m[0], []shard.Node{{ID: "n"}}, 1)
	left := shard.Plan(m[0], []shard.Node{{ID: "a"}}, 1)
	right := shard.Plan(shard.Plan(m[0], []shard.Node{{ID: "b"}}, 1), []shard.Node{{ID: "b"}, {ID: "c"}}, 1)
	behind := shard.Plan(shard.Plan(fork, []shard.Node{{ID: "a"}}, 1), []shard.Node{{ID: "n"}}, 1)
	for name, test := range map[string]struct {
		known, m *shard.Map
		want     verdict
	}{
		"the first":               {nil, m[0], newer},
		"a newer one":             {m[0], m[2], newer},
		"the same":                {m[1], versions(t, "a", 2)[0], same},
		"an older one":            {m[2], m[1], older},
		"another of the version":  {m[1], fork, older},
		"one of another branch":   {left, right, forked},
		"an ancestor's branch":    {behind, advanced(fork, behind.Version()+1), forked},
		"another cluster's":       {m[0], other, foreign},
		"another count of shards": {m[0], wider, foreign},
	} {
		if got := judge(test.known, test.m); got != test.want {
			t.Errorf("%s is %v, not %v", name, got, test.want)
		}
	}
	if got := verdict(9).String(); got != "verdict(9)" {
		t.Error(got)
	}
}

// advanced is m with changes that move no shard, up to a version.
func advanced(m *shard.Map, version uint64) *shard.Map {
	for zone := 0; m.Version() < version; zone++ {
		nodes := m.Nodes()
		nodes[0].Zone = string(rune('a' + zone%26))
		m = shard.Plan(m, nodes, 1)
	}
	return m
}

func TestNewest(t *testing.T) {
	m := versions(t, "a", 1, 2, 3)
	other := versions(t, "b", 9)[0]
	for name, test := range map[string]struct{ known, stored, want *shard.Map }{
		"nothing":           {nil, nil, nil},
		"only stored":       {nil, m[0], m[0]},
		"only known":        {m[0], nil, m[0]},
		"stored newer":      {m[0], m[1], m[1]},
		"stored older":      {m[2], m[1], m[2]},
		"stored of another": {m[2], other, m[2]},
	} {
		if got := newest(test.known, test.stored); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
