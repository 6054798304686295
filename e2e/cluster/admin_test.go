package cluster

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/e2e/harness"
)

// keysOfAll are so many that every node has some of them.
const keysOfAll = 100

// Commands that are for the cluster as a whole, in three nodes and two gateways around
// Consul.
func TestAdminCommands(t *testing.T) {
	t.Parallel()
	agent := registrytest.StartAgent(t, nil)
	c := harness.StartCluster(t, harness.ClusterOptions{
		Nodes: 3, Gateways: 2, Consul: []string{agent.Address},
		NodeArgs: []string{"--debug", "--shards", strconv.Itoa(shards)}, GatewayArgs: []string{"--debug"},
	})
	awaitOwners(t, c, "n1", "n2", "n3")
	t.Run("watch", func(t *testing.T) { watchThroughTheOther(t, c) })
	t.Run("debugtime", func(t *testing.T) { moveTheClock(t, c) })
	t.Run("config get cluster", func(t *testing.T) { listGateways(t, c) })
}

// watchThroughTheOther watches at one gateway what is stored through the other.
func watchThroughTheOther(t *testing.T, c *harness.Cluster) {
	watches, stores := harness.Dial(t, c.Gateways[0].Address), harness.Dial(t, c.Gateways[1].Address)
	watches.Expect(t, "watch mutations\r\n", "OK\r\n")
	for i := range keysOfAll {
		stores.Expect(t, fmt.Sprintf("set watched-%d 0 0 1\r\nx\r\n", i), "STORED\r\n")
	}
	seen := map[string]int{}
	for range keysOfAll {
		line, err := watches.Reply()
		if err != nil {
			t.Fatalf("after %d lines: %v", len(seen), err)
		}
		key := regexp.MustCompile(` type=item_store key=(\S+) status=stored cmd=set `).FindStringSubmatch(line)
		if key == nil {
			t.Fatalf("%q", line)
		}
		seen[key[1]]++
	}
	if len(seen) != keysOfAll {
		t.Errorf("%d keys in %d lines: %v", len(seen), keysOfAll, seen)
	}
}

// moveTheClock moves that of all nodes through one gateway; one without --debug does
// not know the command.
func moveTheClock(t *testing.T, c *harness.Cluster) {
	plain := c.StartGateway(t, "plain")
	plain.WaitReady(t, plain.Admin)
	one, other := harness.Dial(t, c.Gateways[0].Address), harness.Dial(t, plain.Address)
	for i := range keysOfAll {
		one.Expect(t, fmt.Sprintf("set timed-%d 0 100 1\r\nx\r\n", i), "STORED\r\n")
	}
	one.Expect(t, "set stays 0 0 1\r\nx\r\n", "STORED\r\n")
	other.Expect(t, "debugtime 101\r\n", "ERROR\r\n")
	other.Expect(t, "get timed-0\r\n", "VALUE timed-0 0 1\r\nx\r\nEND\r\n")
	one.Expect(t, "debugtime 101\r\n", "OK\r\n")
	for i := range keysOfAll {
		other.Expect(t, fmt.Sprintf("get timed-%d\r\n", i), "END\r\n")
	}
	other.Expect(t, "get stays\r\n", "VALUE stays 0 1\r\nx\r\nEND\r\n")
	plain.Stop(t)
}

// listGateways has one gateway end in order, and then crash: the other lists who is
// there, and both the same.
func listGateways(t *testing.T, c *harness.Cluster) {
	one, other := c.Gateways[0], c.Gateways[1]
	version := 0
	listed := func(what string, asked []*harness.Gateway, want ...*harness.Gateway) {
		t.Helper()
		began := time.Now()
		harness.Eventually(t, patience, what, func() bool {
			first := harness.Ask(asked[0].Address, "config get cluster\r\n")
			now, endpoints := parseCluster(t, first)
			for _, g := range want {
				host, port, _ := strings.Cut(g.Address, ":")
				if !endpoints[host+"|"+host+"|"+port] {
					return false
				}
			}
			same := first == harness.Ask(asked[len(asked)-1].Address, "config get cluster\r\n")
			if len(endpoints) != len(want) || !same {
				return false
			}
			if now <= version {
				t.Errorf("%s: the version is %d, and was %d before", what, now, version)
			}
			version = now
			return true
		})
		t.Logf("%s after %v", what, time.Since(began))
	}
	listed("both list both", []*harness.Gateway{one, other}, one, other)
	other.Stop(t)
	listed("one that has ended is not listed", []*harness.Gateway{one}, one)
	other.Restart(t)
	listed("it is back", []*harness.Gateway{one}, one, other)
	other.Kill(t)
	listed("one that has crashed is not listed", []*harness.Gateway{one}, one)
}

// parseCluster takes the answer to config get cluster apart.
func parseCluster(t *testing.T, answer string) (version int, endpoints map[string]bool) {
	t.Helper()
	parts := regexp.MustCompile(`^CONFIG cluster 0 \d+\r\n(\d+)\n(\S+(?: \S+)*)\n\r\nEND\r\n$`).FindStringSubmatch(answer)
	if parts == nil {
		t.Fatalf("config get cluster answered %q", answer)
	}
	version, _ = strconv.Atoi(parts[1])
	endpoints = map[string]bool{}
	for e := range strings.SplitSeq(parts[2], " ") {
		endpoints[e] = true
	}
	return version, endpoints
}
