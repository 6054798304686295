package faults

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/consistency"
	"github.com/memactor/memactor/e2e/harness"
)

// TestSIGTERMUnderLoad ends a gateway and then the nodes while clients are at
// work: each exits with code 0, and no client is told anything wrong.
func TestSIGTERMUnderLoad(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2, Gateways: 2})
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprintf("key-%d", i))
	}
	load := consistency.Load{
		Addresses: []string{c.Gateways[0].Address, c.Gateways[1].Address}, Keys: keys, Patience: commandDeadline + slack,
	}.Start()
	time.Sleep(500 * time.Millisecond)
	c.Gateways[0].Stop(t)
	time.Sleep(200 * time.Millisecond)
	for _, node := range c.Nodes {
		node.Stop(t)
	}
	time.Sleep(200 * time.Millisecond)
	h := load.Stop()
	if err := h.Check(consistency.Rules{Lossy: true}); err != nil {
		t.Error(err)
	}
	c.Gateways[1].Stop(t)
}

// TestSIGTERMAnswersWhatIsInFlight holds a command in flight, by pausing the node
// that it is for, while the gateway is told to end.
func TestSIGTERMAnswersWhatIsInFlight(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	gateway, node := c.Gateways[0], c.Nodes[0]
	conn, idle := harness.Dial(t, gateway.Address), harness.Dial(t, gateway.Address)
	idle.Expect(t, "mn\r\n", "MN\r\n")
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
	node.Pause(t)
	if err := conn.Send("get a\r\nappend a 0 0 1\r\ny\r\nget a\r\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	gateway.Signal(t, syscall.SIGTERM)
	if gateway.Ended(300 * time.Millisecond) {
		t.Error("the gateway did not wait for what is in flight")
	}
	if status := harness.Status("http://" + gateway.Admin + "/readyz"); status == 200 {
		t.Error("a gateway that ends says it is ready")
	}
	if late, err := harness.Open(gateway.Address); err == nil {
		if err := late.Send("mn\r\n"); err == nil && late.Hears(500*time.Millisecond) {
			if reply, _ := late.Reply(); reply != "" {
				t.Errorf("a gateway that ends served a new connection: %q", reply)
			}
		}
		late.Close()
	}
	node.Resume(t)
	text, closed := conn.Drain(5 * time.Second)
	if want := "VALUE a 0 1\r\nx\r\nEND\r\nSTORED\r\nVALUE a 0 2\r\nxy\r\nEND\r\n"; text != want || !closed {
		t.Errorf("answered %q (closed: %v), not %q", text, closed, want)
	}
	if code := gateway.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestIdleConnectionsDoNotHoldUpTheEnd: clients keep connections open for ever.
func TestIdleConnectionsDoNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	for _, begun := range []string{"", "get a", "set a 0 0 10\r\nabc"} {
		if err := harness.Dial(t, c.Address()).Send("mn\r\n" + begun); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	c.Gateways[0].Stop(t)
	c.Nodes[0].Stop(t)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the end took %v", took)
	}
}

// TestDev starts everything in one process, uses it and ends it.
func TestDev(t *testing.T) {
	t.Parallel()
	d := harness.StartDev(t)
	conn := harness.Dial(t, d.Address)
	for i := range 100 {
		key := fmt.Sprintf("key-%d", i)
		conn.Expect(t, fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(key), key), "STORED\r\n")
		harness.Dial(t, d.Socket).Expect(t, "get "+key+"\r\n", fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", key, len(key), key))
	}
	if !strings.Contains(d.Out.String(), d.Address) {
		t.Errorf("it does not say that it listens on %s:\n%s", d.Address, d.Out)
	}
	d.Stop(t)
}
