package consistency

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// TestMemcachedIsConsistent proves that the checks find nothing where nothing is.
func TestMemcachedIsConsistent(t *testing.T) {
	_, address := harness.Memcached(t)
	h := runLoad(address, time.Second)
	if err := h.Check(Rules{}); err != nil {
		t.Fatal(err)
	}
	if h.Broken != 0 || h.Count(Done) != len(h.Operations) || len(h.Operations) < 1000 {
		t.Errorf("%d operations, %d done, %d connections broken", len(h.Operations), h.Count(Done), h.Broken)
	}
	seen := map[string]int{}
	for _, o := range h.Operations {
		reply := o.Reply
		if o.Verb == Incr && isNumber(reply) {
			reply = "number"
		}
		seen[string(o.Verb)+" "+reply]++
	}
	for _, outcome := range []string{
		"get HIT", "get MISS", "set STORED", "add STORED", "add NOT_STORED", "cas STORED", "cas EXISTS", "cas NOT_FOUND",
		"delete DELETED", "delete NOT_FOUND", "incr number",
	} {
		if seen[outcome] == 0 {
			t.Errorf("no %s in the history: %v", outcome, seen)
		}
	}
}

// TestChecksSeeBugs plants bugs between the clients and a memcached.
func TestChecksSeeBugs(t *testing.T) {
	_, address := harness.Memcached(t)
	for name, bug := range map[string]func() harness.Alter{
		"replies swapped":      harness.SwapReplies(200),
		"reply dropped":        harness.DropReplies(300),
		"stale values":         staleValues,
		"value of another key": otherKeysValue,
		"torn value":           tornValue,
		"error after the act":  errorAfterTheAct,
	} {
		t.Run(name, func(t *testing.T) {
			proxy := harness.Proxy(t, address, bug)
			// On a busy machine a short load may not meet the bug.
			noticed := func() bool {
				return errors.Is(runLoad(proxy, 500*time.Millisecond).Check(Rules{Lossy: true}), ErrViolation)
			}
			for deadline := time.Now().Add(30 * time.Second); !noticed(); {
				if time.Now().After(deadline) {
					t.Fatal("not noticed")
				}
			}
		})
	}
}

// TestLossIsSeen kills a memcached under load: entries are lost, which is a
// violation exactly where nothing may be lost.
func TestLossIsSeen(t *testing.T) {
	p, address := harness.Memcached(t)
	load := testLoad(address).Start()
	time.Sleep(300 * time.Millisecond)
	p.Kill(t)
	p.Restart(t)
	p.WaitListening(t, "tcp", address)
	back := load.Now()
	time.Sleep(300 * time.Millisecond)
	h := load.Stop()
	if err := h.Check(Rules{Lossy: true}); err != nil {
		t.Errorf("what may be lost was lost: %v", err)
	}
	if err := h.Check(Rules{}); !errors.Is(err, ErrViolation) {
		t.Errorf("the loss of everything was not noticed: %v", err)
	}
	if h.Broken == 0 || h.Since(back).Count(Done) == 0 {
		t.Errorf("%d connections broken, %d operations done after the restart", h.Broken, h.Since(back).Count(Done))
	}
}

func runLoad(address string, length time.Duration) *History {
	load := testLoad(address).Start()
	time.Sleep(length)
	return load.Stop()
}

func testLoad(address string) Load {
	keys := []string{Counter("1"), Counter("2")}
	for i := range 20 {
		keys = append(keys, fmt.Sprintf("key-%d", i))
	}
	return Load{Addresses: []string{address}, Keys: keys, Pause: time.Millisecond, Patience: time.Second}
}

// staleValues now and then answers a get with what it answered before.
func staleValues() harness.Alter {
	old, count := map[string]string{}, 0
	return func(reply string, _ func() bool) string {
		values, _, err := harness.Values(reply)
		if err != nil || len(values) != 1 || values[0].Cas != "" {
			return reply
		}
		count++
		if before, ok := old[values[0].Key]; ok && count%50 == 0 {
			return before
		}
		if _, ok := old[values[0].Key]; !ok {
			old[values[0].Key] = reply
		}
		return reply
	}
}

// otherKeysValue gives one key's value to another, under the right key.
func otherKeysValue() harness.Alter {
	last, count := "", 0
	return func(reply string, _ func() bool) string {
		values, _, err := harness.Values(reply)
		if err != nil || len(values) != 1 || isCounter(values[0].Key) {
			return reply
		}
		count++
		before := last
		last = values[0].Data
		if before == "" || count%50 != 0 {
			return reply
		}
		return fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", values[0].Key, len(before), before)
	}
}

func tornValue() harness.Alter {
	return func(reply string, _ func() bool) string { return strings.Replace(reply, "/7", "/8", 1) }
}

// errorAfterTheAct says of some stores that they failed, though they did not.
func errorAfterTheAct() harness.Alter {
	count := 0
	return func(reply string, _ func() bool) string {
		if count++; reply == "STORED\r\n" && count%5 == 0 {
			return "SERVER_ERROR busy\r\n"
		}
		return reply
	}
}
