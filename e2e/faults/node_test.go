package faults

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
)

// loads are two loads on one cluster: on the keys of the node that something is
// going to happen to, and on those of all others.
type loads struct{ victim, others *consistency.Running }

func startLoads(t *testing.T, c *harness.Cluster, victim string) loads {
	t.Helper()
	owners := c.Owners(t)
	var keys []string
	for _, node := range c.Nodes {
		if node.ID != victim {
			keys = append(keys, owners.Keys(t, node.ID, 15)...)
		}
	}
	load := func(keys []string, seed uint64) *consistency.Running {
		return consistency.Load{
			Addresses: []string{c.Address()}, Keys: keys, Clients: 4, Seed: seed, Patience: commandDeadline + slack,
		}.Start()
	}
	return loads{victim: load(owners.Keys(t, victim, 20), 1), others: load(keys, 2)}
}

// stop ends both loads and checks what no fault of one node excuses.
func (l loads) stop(t *testing.T) (victim, others *consistency.History) {
	t.Helper()
	victim, others = l.victim.Stop(), l.others.Stop()
	if err := victim.Check(consistency.Rules{Lossy: true}); err != nil {
		t.Errorf("keys of the faulty node: %v", err)
	}
	if err := others.Check(consistency.Rules{}); err != nil {
		t.Errorf("keys of the other nodes: %v", err)
	}
	if failed := len(others.Operations) - others.Count(consistency.Done); failed > 0 {
		t.Errorf("%d operations on the other nodes' keys failed: %v", failed, others.Messages())
	}
	if victim.Broken+others.Broken > 0 {
		t.Errorf("%d connections were broken", victim.Broken+others.Broken)
	}
	if slowest := others.Slowest(); slowest.Return-slowest.Call > allowed(2*time.Second) {
		t.Errorf("on the other nodes, one operation took %v: %v", slowest.Return-slowest.Call, slowest)
	}
	t.Logf("%d and %d operations, errors: %v", len(victim.Operations), len(others.Operations), victim.Messages())
	return victim, others
}

// TestKilledNode kills a node under load. Commands for its keys are answered with
// SERVER_ERROR, all others go on, and once it has been started again it serves,
// empty, without the gateway being touched.
func TestKilledNode(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	node := c.Node(t, "n2")
	load := startLoads(t, c, node.ID)
	time.Sleep(700 * time.Millisecond)
	killed := load.victim.Now()
	node.Kill(t)
	time.Sleep(1500 * time.Millisecond)
	down := load.victim.Now()
	node.Restart(t)
	node.WaitReady(t, node.Admin)
	back := awaitNode(t, c, node.ID, load.victim)
	time.Sleep(700 * time.Millisecond)
	victim, _ := load.stop(t)

	during := victim.Where(func(o consistency.Operation) bool { return o.Call > killed && o.Return < down })
	if during.Count(consistency.Refused)+during.Count(consistency.Unknown) == 0 {
		t.Error("no operation failed while the node was gone")
	}
	if late := victim.Slowest(); late.Return-late.Call > commandDeadline+slack {
		t.Errorf("an operation was answered only after %v: %v", late.Return-late.Call, late)
	}
	after := victim.Since(back)
	if failed := len(after.Operations) - after.Count(consistency.Done); failed > 0 || len(after.Operations) == 0 {
		t.Errorf("after the restart %d of %d operations failed: %v", failed, len(after.Operations), after.Messages())
	}
}

// awaitNode waits until the gateway serves a node's keys again and returns when
// that was on the load's clock.
func awaitNode(t *testing.T, c *harness.Cluster, id string, load *consistency.Running) time.Duration {
	t.Helper()
	key := c.Owners(t).Keys(t, id, 1)[0] + "-probe"
	for i := 0; c.Owners(t).Of(key) != id; i++ {
		key = fmt.Sprintf("probe-%d", i)
	}
	conn := harness.Dial(t, c.Address())
	harness.Eventually(t, 10*time.Second, "the restarted node's keys are served", func() bool {
		return conn.Do(t, "set "+key+" 0 0 1\r\nx\r\n") == "STORED\r\n"
	})
	return load.Now()
}

// TestPausedNode stops a node as a machine that hangs would: its connections
// stand, and nothing comes. Its commands are answered within their deadline.
func TestPausedNode(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	node := c.Node(t, "n3")
	load := startLoads(t, c, node.ID)
	time.Sleep(500 * time.Millisecond)
	paused := load.victim.Now()
	node.Pause(t)
	key := c.Owners(t).Keys(t, node.ID, 30)[29] // not one of the load's
	var group sync.WaitGroup
	for _, command := range []string{"get " + key + "\r\n", "set " + key + " 0 0 1\r\nx\r\n", "get a b " + key + " c\r\n", "flush_all 100\r\n"} {
		conn := harness.Dial(t, c.Address())
		group.Go(func() { wantErrorInTime(t, conn, command) })
	}
	stats := harness.Dial(t, c.Address())
	group.Go(func() {
		if err := stats.Send("stats\r\n"); err != nil {
			t.Error(err)
		}
		if reply, err := stats.Reply(); !strings.HasSuffix(reply, "\r\nEND\r\n") {
			t.Errorf("stats was answered %s, %v", harness.Shorten(reply), err)
		}
	})
	group.Wait()
	node.Resume(t)
	back := awaitNode(t, c, node.ID, load.victim)
	time.Sleep(500 * time.Millisecond)
	victim, _ := load.stop(t)
	during := victim.Where(func(o consistency.Operation) bool { return o.Return > paused })
	if during.Count(consistency.Done) == len(during.Operations) {
		t.Error("no operation failed while the node was paused")
	}
	if after := victim.Since(back + time.Second/4); after.Count(consistency.Done) != len(after.Operations) {
		t.Errorf("after the pause: %v", after.Messages())
	}
}

// wantErrorInTime sends a command and wants a SERVER_ERROR, alone or behind the
// values that could be had, within the commands' deadline.
func wantErrorInTime(t *testing.T, conn *harness.Conn, command string) {
	t.Helper()
	began := time.Now()
	if err := conn.Send(command); err != nil {
		t.Error(err)
	}
	reply, err := conn.Reply()
	if err != nil {
		t.Errorf("%q: %v", command, err)
	}
	_, last, _ := harness.Values(reply)
	wantServerError(t, command, last)
	if took := time.Since(began); took > commandDeadline+slack {
		t.Errorf("%q was answered after %v", command, took)
	}
}

// TestGatewayBeforeItsNodes starts a gateway alone. It is not ready, answers with
// errors, and serves as soon as its nodes are there.
func TestGatewayBeforeItsNodes(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2})
	for _, node := range c.Nodes {
		node.Stop(t)
	}
	late := c.StartGateway(t, "late")
	late.WaitListening(t, "tcp", late.Address)
	if status := harness.Status("http://" + late.Admin + "/readyz"); status == 200 {
		t.Error("a gateway without any node is ready")
	}
	conn := harness.Dial(t, late.Address)
	wantServerError(t, "get", conn.Do(t, "get a\r\n"))
	wantServerError(t, "set", conn.Do(t, "set a 0 0 1\r\nx\r\n"))
	for _, node := range c.Nodes {
		node.Restart(t)
	}
	late.WaitReady(t, late.Admin)
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
}

// TestGatewaysFail kills one of two gateways: its clients go on through the other.
func TestGatewaysFail(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2, Gateways: 2})
	first, second := c.Gateways[0], c.Gateways[1]
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprintf("key-%d", i))
	}
	load := consistency.Load{Addresses: []string{first.Address, second.Address}, Keys: keys, Patience: commandDeadline + slack}.Start()
	time.Sleep(500 * time.Millisecond)
	first.Kill(t)
	time.Sleep(300 * time.Millisecond)
	first.Restart(t)
	first.WaitReady(t, first.Admin)
	back := load.Now()
	time.Sleep(500 * time.Millisecond)
	h := load.Stop()
	if err := h.Check(consistency.Rules{}); err != nil { // no node died: nothing may be lost
		t.Error(err)
	}
	if h.Count(consistency.Refused) > 0 || h.Broken == 0 {
		t.Errorf("%d connections were broken; errors: %v", h.Broken, h.Messages())
	}
	if h.Since(back).Count(consistency.Done) == 0 {
		t.Error("nothing was done after the restart")
	}
}
