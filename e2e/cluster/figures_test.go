package cluster

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/cluster/shardpb"
	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

var figures = flag.Bool("figures", false, "measure, and print the tables of docs/benchmarks.md")

// TestFigures measures what docs/benchmarks.md says of clusters in Consul:
//
//	go test ./e2e/cluster -run Figures -figures -timeout 0
//
// It prints tables, and fails for no figure.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("measures for minutes: -figures")
	}
	for _, figure := range []struct {
		name    string
		measure func(t *testing.T) []string
	}{
		{"From kill -9 of a node until every key can be stored and read again, ten runs", figureKill},
		{"From a node's start to its first shard, ten runs", figureStart},
		{"While a node joins, and while one leaves by SIGTERM, ten of each, under load", figureChanges},
		{"Requests to Consul a minute, at rest", figureRest},
		{"4096 shards on 200 nodes", figureMap},
	} {
		t.Run(figure.name, func(t *testing.T) {
			rows := figure.measure(t)
			fmt.Fprintf(os.Stdout, "\n%s\n\n%s\n", figure.name, strings.Join(rows, "\n"))
		})
	}
}

// runs is how often a time is measured.
const runs = 10

// row is a line of a Markdown table.
func row(cells ...any) string {
	text := "|"
	for _, c := range cells {
		text += fmt.Sprintf(" %v |", c)
	}
	return text
}

// times are the median and the worst, in seconds.
func times(all []time.Duration) (median, worst string) {
	slices.Sort(all)
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
	return seconds(all[len(all)/2]), seconds(all[len(all)-1])
}

func figureCluster(t *testing.T, options harness.ClusterOptions) *harness.Cluster {
	t.Helper()
	if options.Consul == nil {
		options.Consul = []string{registrytest.StartAgent(t, nil).Address}
	}
	c := harness.StartCluster(t, options)
	awaitOwners(t, c, "n1", "n2", "n3")
	return c
}

func figureKill(t *testing.T) []string {
	c := figureCluster(t, harness.ClusterOptions{Nodes: 3})
	var took []time.Duration
	for range runs {
		victim := c.Nodes[rand.IntN(len(c.Nodes))]
		victim.Kill(t)
		killed := time.Now()
		everyKey(t, c.Address())
		took = append(took, time.Since(killed))
		victim.Restart(t)
		awaitOwners(t, c, "n1", "n2", "n3")
	}
	median, worst := times(took)
	return []string{row("median", "worst"), row("---", "---"), row(median, worst)}
}

// everyKey waits until keys of all shards can be stored and read.
func everyKey(t *testing.T, address string) {
	t.Helper()
	conn := harness.Dial(t, address)
	harness.Eventually(t, patience, "every key is served", func() bool {
		return all(t, conn, "set %s 0 0 1\r\nx\r\n", "STORED\r\n") && all(t, conn, "get %s\r\n", "VALUE %s 0 1\r\nx\r\nEND\r\n")
	})
}

// all sends a command for each of many keys, and says whether all replies are right.
func all(t *testing.T, conn *harness.Conn, command, reply string) bool {
	t.Helper()
	right := true
	const batch = 512
	for first := 0; first < 8*shard.DefaultShards; first += batch { // e^-8 of the shards have no key
		var text strings.Builder
		for i := range batch {
			text.WriteString(strings.ReplaceAll(command, "%s", fmt.Sprintf("key-%d", first+i)))
		}
		if err := conn.Send(text.String()); err != nil {
			t.Fatal(err)
		}
		replies, err := conn.Replies(batch)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range replies {
			right = right && got == strings.ReplaceAll(reply, "%s", fmt.Sprintf("key-%d", first+i))
		}
	}
	return right
}

func figureStart(t *testing.T) []string {
	c := figureCluster(t, harness.ClusterOptions{Nodes: 3})
	var all []time.Duration
	for i := range runs {
		started := time.Now()
		n := c.StartNode(t, fmt.Sprintf("late%d", i))
		awaitShard(t, n)
		all = append(all, time.Since(started))
		n.Stop(t)
		awaitOwners(t, c, "n1", "n2", "n3")
	}
	median, worst := times(all)
	return []string{row("median", "worst"), row("---", "---"), row(median, worst)}
}

// awaitShard waits until a node acts on a map in which it owns a shard.
func awaitShard(t *testing.T, n *harness.ShardNode) {
	t.Helper()
	client, _ := n.Client(t)
	harness.Eventually(t, patience, n.ID+" owns a shard", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		answer, err := client.GetShardMap(ctx, &shardv1.GetShardMapRequest{})
		if err != nil {
			return false
		}
		m, err := shardpb.Decode(answer.GetMap())
		if err != nil {
			return false
		}
		counts, _ := m.Counts()
		i := m.Find(n.ID)
		return i >= 0 && counts[i] > 0
	})
}

func figureChanges(t *testing.T) []string {
	c := figureCluster(t, harness.ClusterOptions{Nodes: 3})
	table := []string{row("change", "commands", "failed", "longest stall"), row("---", "---", "---", "---")}
	joins := changes(t, c, func(i int) {
		awaitShard(t, c.StartNode(t, fmt.Sprintf("n%d", 4+i)))
	})
	leaves := changes(t, c, func(i int) {
		c.Node(t, fmt.Sprintf("n%d", 4+i)).Stop(t)
	})
	return append(table, row(append([]any{"a node joins"}, joins...)...), row(append([]any{"a node leaves"}, leaves...)...))
}

// changes lets something happen to a cluster under load, ten times, and says what the
// clients saw.
func changes(t *testing.T, c *harness.Cluster, change func(i int)) []any {
	t.Helper()
	var keys []string
	for i := range 5000 {
		keys = append(keys, fmt.Sprintf("key-%d", i))
	}
	load := consistency.Load{Addresses: []string{c.Address()}, Keys: keys, Clients: 16, Pause: time.Millisecond}.Start()
	time.Sleep(time.Second)
	for i := range runs {
		change(i)
		time.Sleep(time.Second)
	}
	h := load.Stop()
	slowest := h.Slowest()
	return []any{len(h.Operations), len(h.Operations) - h.Count(consistency.Done), (slowest.Return - slowest.Call).Round(time.Millisecond)}
}

func figureRest(t *testing.T) []string {
	agent := registrytest.StartAgent(t, nil)
	names := []string{"node, the coordinator or not", "node", "node", "gateway", "gateway"}
	calls := make([]atomic.Int64, len(names))
	var ways []string
	for i := range names {
		ways = append(ways, counted(t, agent.Address, &calls[i]))
	}
	figureCluster(t, harness.ClusterOptions{Nodes: 3, Gateways: 2, Consul: ways})
	time.Sleep(5 * time.Second)
	before := make([]int64, len(names))
	for i := range calls {
		before[i] = calls[i].Load()
	}
	time.Sleep(2 * time.Minute)
	table := []string{row("process", "requests"), row("---", "---")}
	for i, name := range names {
		table = append(table, row(name, (calls[i].Load()-before[i])/2))
	}
	return table
}

// counted is a way to an agent on which calls are counted.
func counted(t *testing.T, agent string, calls *atomic.Int64) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: agent})
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func figureMap(t *testing.T) []string {
	empty, err := shard.Empty("memactor/0123abcd", 4096)
	if err != nil {
		t.Fatal(err)
	}
	node := func(i int) shard.Node {
		return shard.Node{ID: fmt.Sprintf("node-%03d.example.internal", i), Incarnation: 1_800_000_000_000, Address: fmt.Sprintf("10.0.%d.%d:7411", i/250, i%250), Weight: 1}
	}
	var members []shard.Node
	for i := range 200 {
		members = append(members, node(i))
	}
	m := shard.Plan(empty, members, shard.EpochBase(time.Now()))
	for range 50 { // so that no node's shards lie side by side
		rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		m = shard.Plan(m, members[:100+rand.IntN(100)], shard.EpochBase(time.Now()))
	}
	m = shard.Plan(m, members, shard.EpochBase(time.Now()))
	began := time.Now()
	next := shard.Plan(m, append(members, node(200)), shard.EpochBase(time.Now()))
	took := time.Since(began)
	return []string{
		row("size of the map", "Plan when a node joins", "shards that move", "the least that can"), row("---", "---", "---", "---"),
		row(fmt.Sprintf("%.0f KB", float64(len(shard.Encode(m)))/1000), took.Round(10*time.Microsecond), shard.Moves(m, next), 4096/201),
	}
}
