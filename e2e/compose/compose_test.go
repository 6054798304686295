//go:build containers

package compose

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// recoverTimeout is how long after any one fault every key can be stored and read.
const recoverTimeout = 30 * time.Second

// TestShippedFile starts the shipped file, and takes a node away in each way that
// there is. Every key can be stored through one gateway and read through the other
// soon after each.
func TestShippedFile(t *testing.T) {
	s := start(t)
	s.wantUI()
	s.wantHardened("node1")
	s.wantHardened("gateway2")
	s.wantAllKeys("started")

	began := time.Now()
	s.run("stop", "node2")
	if code := s.inspect("node2", "{{.State.ExitCode}}"); code != "0" {
		t.Errorf("node2 ended with %s when it was stopped", code)
	}
	t.Logf("node2 was stopped in %v", time.Since(began).Round(time.Millisecond))
	s.wantAllKeys("node2 stopped")
	s.run("start", "node2")
	s.waitMembers("node1", "node2", "node3")
	s.wantAllKeys("node2 started")

	network := s.project + "_default"
	s.docker("network", "disconnect", network, s.container("node3"))
	s.wantAllKeys("node3 cut off")
	s.docker("network", "connect", "--alias", "node3", network, s.container("node3"))
	s.waitMembers("node1", "node2", "node3")
	s.wantAllKeys("node3 back in the network")

	s.docker("kill", s.container("node1"))
	s.wantAllKeys("node1 killed")
	s.docker("start", s.container("node1"))
	s.waitMembers("node1", "node2", "node3")
	s.wantAllKeys("node1 started")

	s.run("kill", "consul", "consul-server1")
	s.wantAllKeys("Consul killed")
	s.run("restart", "-t", "15", "gateway2")
	s.wantAllKeys("a gateway restarted without Consul")
	s.run("start", "consul", "consul-server1")
	s.waitMembers("node1", "node2", "node3")

	s.run("stop", "-t", "15")
	s.run("start")
	s.waitHealthy()
	s.wantAllKeys("all restarted")
	s.waitWhole()
}

// TestThreeServers kills the leader of three Consul servers. Nothing moves and
// nothing is lost, and the cluster goes on with those that are left.
func TestThreeServers(t *testing.T) {
	s := start(t, "three-servers")
	s.waitVoters(3)
	s.wantAllKeys("started")
	before := s.mapIndex()

	leader := s.leader()
	s.docker("kill", s.container(leader))
	began := time.Now()
	harness.Eventually(t, recoverTimeout, "another server leads", func() bool {
		now := s.leader()
		return now != "" && now != leader
	})
	t.Logf("another server leads %v after %s was killed", time.Since(began).Round(time.Millisecond), leader)
	s.wantKept()
	if after := s.mapIndex(); after != before {
		t.Errorf("the shard map was written at %d and again at %d", before, after)
	}

	s.docker("kill", s.container("node2"))
	s.wantAllKeys("node2 killed")
	s.docker("start", s.container(leader), s.container("node2"))
	s.waitMembers("node1", "node2", "node3")
	s.waitVoters(3)
	s.wantAllKeys("all of them back")
}

func (s *stack) wantUI() {
	s.t.Helper()
	if status := harness.Status("http://" + s.consul + "/ui/"); status != http.StatusOK {
		s.t.Errorf("Consul's UI answered with status %d", status)
	}
}

// waitWhole waits until `memactor status`, run as the file says, finds nothing amiss.
func (s *stack) waitWhole() {
	s.t.Helper()
	var out string
	var err error
	defer func() { s.t.Logf("%s", out) }()
	harness.Eventually(s.t, healthTimeout, "the cluster is whole", func() bool {
		out, err = s.try("run", "--rm", "-T", "memactor", "status")
		return err == nil
	})
}

// wantHardened wants a container to be without root and without rights.
func (s *stack) wantHardened(service string) {
	s.t.Helper()
	const format = "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{gt .HostConfig.Memory 0}}"
	if got, want := s.inspect(service, format), "65532:65532 true [ALL] true"; got != want {
		s.t.Errorf("%s: user, read-only root, dropped capabilities, bounded memory: %q, not %q", service, got, want)
	}
}

// keys are enough for each node to own some.
func keys() []string {
	var keys []string
	for i := range 60 {
		keys = append(keys, fmt.Sprintf("key-%d", i))
	}
	return keys
}

// wantAllKeys stores every key through one gateway and reads it through the other,
// again until all can be, and logs how long after when that was.
func (s *stack) wantAllKeys(when string) {
	s.t.Helper()
	began := time.Now()
	left := keys()
	harness.Eventually(s.t, recoverTimeout, when+": every key can be stored and read", func() bool {
		for len(left) > 0 && harness.Stored(left[0], when, s.gateways[0], s.gateways[1]) {
			left = left[1:]
		}
		return len(left) == 0
	})
	s.t.Logf("%s: every key stored and read after %v", when, time.Since(began).Round(time.Millisecond))
}

// wantKept wants every key to hold what was stored last.
func (s *stack) wantKept() {
	s.t.Helper()
	conn := harness.Dial(s.t, s.gateways[0])
	for _, key := range keys() {
		if reply := conn.Do(s.t, "get "+key+"\r\n"); !strings.HasPrefix(reply, "VALUE ") {
			s.t.Errorf("%s is gone: %q", key, reply)
		}
	}
}

// waitMembers waits until exactly these nodes are members of the cluster.
func (s *stack) waitMembers(want ...string) {
	s.t.Helper()
	harness.Eventually(s.t, healthTimeout, fmt.Sprint("the members are ", want), func() bool {
		var found []string
		if !s.get("/v1/kv/memactor/memactor/nodes/?keys", &found) || len(found) != len(want) {
			return false
		}
		for i, id := range want {
			if found[i] != "memactor/memactor/nodes/"+id {
				return false
			}
		}
		return true
	})
}

// mapIndex is when, on Consul's clock, the shard map was written last.
func (s *stack) mapIndex() uint64 {
	s.t.Helper()
	var pairs []struct{ ModifyIndex uint64 }
	harness.Eventually(s.t, recoverTimeout, "Consul has the shard map", func() bool {
		return s.get("/v1/kv/memactor/memactor/map", &pairs) && len(pairs) == 1
	})
	return pairs[0].ModifyIndex
}

// server is one of Consul's, as itself sees it.
type server struct {
	Node          string
	Leader, Voter bool
}

func (s *stack) servers() []server {
	var answer struct{ Servers []server }
	s.get("/v1/operator/raft/configuration", &answer)
	return answer.Servers
}

// leader is the service whose server leads Consul; "" is none.
func (s *stack) leader() string {
	for _, server := range s.servers() {
		if server.Leader {
			return server.Node
		}
	}
	return ""
}

// waitVoters waits until so many servers are there and have a vote: a newcomer has
// to prove itself for a while first.
func (s *stack) waitVoters(n int) {
	s.t.Helper()
	harness.Eventually(s.t, healthTimeout, fmt.Sprint(n, " servers have a vote"), func() bool {
		voters := 0
		for _, server := range s.servers() {
			if server.Voter {
				voters++
			}
		}
		return voters == n
	})
}
