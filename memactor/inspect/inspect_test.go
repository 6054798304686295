package inspect

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden compares with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func member(id string, incarnation uint64, state shard.NodeState) shard.Node {
	zones := map[string]string{"n1": "a", "n2": "b"}
	return shard.Node{ID: id, Incarnation: incarnation, Address: "10.0.0." + id[1:] + ":7411", Zone: zones[id], State: state}
}

func plan(t *testing.T, prev *shard.Map, members ...shard.Node) *shard.Map {
	t.Helper()
	if prev == nil {
		var err error
		if prev, err = shard.Empty("shop/1", 16); err != nil {
			t.Fatal(err)
		}
	}
	return shard.Plan(prev, members, 1000)
}

// says is the answer of a node that acts on m.
func says(m *shard.Map, keys uint64) answer {
	return answer{m: m, keys: keys, memory: keys * 200, limit: 64 << 20}
}

// scenes are looks at a cluster of three, the last two of them without Consul.
func scenes(t *testing.T) map[string]*View {
	t.Helper()
	n1, n2, n3 := member("n1", 1, shard.Live), member("n2", 1, shard.Live), member("n3", 1, shard.Live)
	two := plan(t, nil, n1, n2)
	three := plan(t, two, n1, n2, n3)
	roster := func(m *shard.Map, members ...shard.Node) *Roster {
		return &Roster{
			Source: "Consul at 127.0.0.1:8500", Map: m, Members: members, Elects: true, Coordinator: "n1",
			Gateways: []registry.Gateway{{ID: "g1", Address: "10.0.0.9:11211", Status: "passing"}},
		}
	}
	silent := answer{err: errors.New("no answer in 2s")}

	killed := roster(three, n1, n3)
	killed.Coordinator = ""
	killed.Gateways[0].Status = "critical"

	draining := member("n3", 1, shard.Draining)
	stranger := plan(t, nil, n1)
	foreign, err := shard.Empty("other/7", 16)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*View{
		"healthy":  compose(roster(three, n1, n2, n3), []answer{says(three, 1000), says(three, 0), says(three, 5_000_000)}),
		"killed":   compose(killed, []answer{says(three, 1000), silent, says(three, 7)}),
		"joining":  compose(roster(three, n1, n2, n3), []answer{says(two, 1), says(three, 2), says(two, 3)}),
		"draining": compose(roster(three, n1, n2, draining), []answer{says(three, 1), says(three, 2), says(three, 3)}),
		"restarted": compose(roster(three, n1, member("n2", 2, shard.Live), n3),
			[]answer{says(three, 1), says(three, 0), says(three, 3)}),
		"nobody":  compose(roster(plan(t, two), n1), []answer{says(plan(t, two), 1)}),
		"ahead":   compose(roster(two, n1, n2, n3), []answer{says(three, 1), says(three, 2), says(three, 3)}),
		"foreign": compose(roster(stranger, n1), []answer{says(plan(t, foreign, n1), 1)}),
		"asked": compose(&Roster{Source: "the node at 10.0.0.1:7411, by its map", Map: three, Members: three.Nodes()},
			[]answer{says(three, 1), says(three, 2), says(three, 3)}),
	}
}

func TestViews(t *testing.T) {
	for name, v := range scenes(t) {
		golden(t, name+".status.txt", v.StatusTable())
		golden(t, name+".shards.txt", v.ShardsTable())
		if v.Healthy != (len(v.Problems) == 0) {
			t.Errorf("%s: healthy %v with the problems %q", name, v.Healthy, v.Problems)
		}
		if name == "killed" {
			golden(t, name+".nodes.txt", v.NodesTable())
		}
		healthy := name == "healthy" || name == "draining" || name == "asked"
		if v.Healthy != healthy {
			t.Errorf("%s: healthy %v: %q", name, v.Healthy, v.Problems)
		}
	}
}

// The names in JSON are a promise.
func TestJSON(t *testing.T) {
	views := scenes(t)
	for name, value := range map[string]any{
		"killed.status.json": views["killed"], "asked.status.json": views["asked"],
		"joining.nodes.json": views["joining"].Nodes, "joining.shards.json": views["joining"].Shards(),
		"route.json": testRoute(t),
	} {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(text)+"\n")
	}
}

func testRoute(t *testing.T) *Route {
	t.Helper()
	r := Roster{Source: "Consul at 127.0.0.1:8500", Map: plan(t, nil, member("n1", 1, shard.Live))}
	found := r.Find([]byte("user:42"))
	found.Key = "user:42"
	return &found
}

func TestRouteTable(t *testing.T) {
	found := testRoute(t)
	golden(t, "route.txt", found.Table())
	found.Key, found.Base64 = "dXNlcjo0Mg==", true
	if table := found.Table(); !strings.Contains(table, "dXNlcjo0Mg== (base64)") {
		t.Error(table)
	}
}

// The shards on the way are exactly those whose owner has changed.
func TestMovesAreThoseOfTheMaps(t *testing.T) {
	n1, n2, n3 := member("n1", 1, shard.Live), member("n2", 1, shard.Live), member("n3", 1, shard.Live)
	two := plan(t, nil, n1, n2)
	three := plan(t, two, n1, n2, n3)
	peers := (&Roster{Map: three, Members: three.Nodes()}).nodes()
	from := moving(three, peers, []answer{says(two, 0), says(two, 0), says(two, 0)})
	if len(from) != shard.Moves(two, three) || len(from) == 0 {
		t.Errorf("%d shards are moving, of %d", len(from), shard.Moves(two, three))
	}
	for id, source := range from {
		if before, _ := two.Owner(id); before.ID != source {
			t.Errorf("shard %d is served by %q, was %s's", id, source, before.ID)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.00 KiB", 1536: "1.50 KiB", 64 << 20: "64.0 MiB",
		1023 << 10: "1.00 MiB", 123 << 20: "123 MiB", 5 << 40: "5.00 TiB", 1<<64 - 1: "16.0 EiB",
	} {
		if got := bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
