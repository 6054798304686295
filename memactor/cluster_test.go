package main

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/memactor/inspect"
)

// decode reads what a command has printed as JSON.
func decode[T any](t *testing.T, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return value
}

// startAsked runs a cluster and returns the addresses of its nodes.
func startAsked(t *testing.T) []string {
	t.Helper()
	text, _ := startDev(t, testDev(t))
	var nodes []string
	for _, match := range regexp.MustCompile(`shard node +(\S+)`).FindAllStringSubmatch(text, -1) {
		nodes = append(nodes, match[1])
	}
	if len(nodes) != 3 {
		t.Fatalf("no three nodes in\n%s", text)
	}
	return nodes
}

func TestLooksAtAClusterByANode(t *testing.T) {
	ask := startAsked(t)[1]
	code, out, err := call(t, "status", "--ask", ask)
	if code != daemon.ExitOK || err != "" || !strings.Contains(out, "whole: every shard") || !strings.Contains(out, ask+", by its map") {
		t.Errorf("%d, %q\n%s", code, err, out)
	}
	_, out, _ = call(t, "status", "--ask", ask, "--json")
	v := decode[inspect.View](t, out)
	if !v.Healthy || v.Coordinator != nil || v.Gateways != nil || v.Map.Shards != 1024 || len(v.Nodes) != 3 {
		t.Errorf("%+v", v)
	}
	_, out, _ = call(t, "nodes", "--ask", ask, "--json")
	total := 0
	for i, n := range decode[[]inspect.Node](t, out) {
		if n.ID != fmt.Sprint("n", i+1) || n.Error != "" || n.MapVersion != v.Map.Version || n.MemoryLimit == 0 {
			t.Errorf("%+v", n)
		}
		total += n.Shards
	}
	if total != 1024 {
		t.Errorf("%d shards", total)
	}
	_, out, _ = call(t, "shards", "--ask", ask, "--json")
	rows := decode[[]inspect.Shard](t, out)
	_, out, _ = call(t, "route", "--ask", ask, "--json", "user:42")
	found := decode[inspect.Route](t, out)
	if len(rows) != 1024 || rows[found.Shard].Place != found.Place || found.Owner == "" || found.Key != "user:42" {
		t.Errorf("%d rows, %+v", len(rows), found)
	}
	if code, out, _ := call(t, "shards", "--ask", ask); code != daemon.ExitOK || !strings.Contains(out, ask) {
		t.Errorf("%d\n%s", code, out)
	}
}

// One and the same key, written in two ways, is in one place; and no node is there.
func TestRouteAsksNobody(t *testing.T) {
	list := []string{"route", "--node", "a=127.0.0.1:1", "--node", "b=127.0.0.1:2", "--json"}
	code, plain, err := call(t, append(list, "user:42")...)
	if code != daemon.ExitOK || err != "" {
		t.Fatal(code, err)
	}
	_, encoded, _ := call(t, append(list, "--base64", "dXNlcjo0Mg==")...)
	a, b := decode[inspect.Route](t, plain), decode[inspect.Route](t, encoded)
	if a.Place != b.Place || a.Owner != "b" || a.Shard != 880 || a.Cluster != "static" || !b.Base64 {
		t.Errorf("%+v\n%+v", a, b)
	}
	if code, _, err := call(t, append(list, "--base64", "AAECAw==")...); code != daemon.ExitOK {
		t.Error(code, err)
	}
}

// Nodes that refuse, and one that takes the connection and says nothing: each is a
// row, in the time that one may take.
func TestSilentNodesAreRows(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mute.Close() }()
	args := []string{"--node", "a=127.0.0.1:1", "--node", "b=" + mute.Addr().String(), "--timeout", "300ms"}
	begin := time.Now()
	code, out, stderr := call(t, append([]string{"status"}, args...)...)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if code != daemon.ExitFailed || !strings.Contains(stderr, "the cluster is not whole (problems: 2)") {
		t.Errorf("%d, %q", code, stderr)
	}
	for _, want := range []string{"live, no answer", "! a at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused", "no answer in 300ms"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if code, out, stderr := call(t, append([]string{"nodes"}, args...)...); code != daemon.ExitOK || stderr != "" || !strings.Contains(out, "! b at") {
		t.Errorf("%d, %q\n%s", code, stderr, out)
	}
}

func TestWithoutTheSource(t *testing.T) {
	for _, test := range []struct {
		args []string
		says []string
	}{
		{[]string{"status", "--ask", "127.0.0.1:1"}, []string{`ask "127.0.0.1:1"`, "connection refused"}},
		{[]string{"status", "--consul", "127.0.0.1:1"}, []string{"registry unavailable", `consul "127.0.0.1:1"`, "connection refused", "--ask HOST:PORT"}},
		{[]string{"route", "--consul", "127.0.0.1:1", "k"}, []string{"registry unavailable"}},
		{[]string{"drain", "--consul", "127.0.0.1:1", "n1"}, []string{"registry unavailable"}},
	} {
		code, out, err := call(t, test.args...)
		if code != daemon.ExitFailed || out != "" {
			t.Errorf("%q: exit code %d, %q", test.args, code, out)
		}
		for _, want := range test.says {
			if !strings.Contains(err, want) {
				t.Errorf("%q: %q is not in %q", test.args, want, err)
			}
		}
	}
}
