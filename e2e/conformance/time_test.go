package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// Time is tested in whole seconds, with more than one to spare: memcached's own
// clock ticks once a second.

func TestExpiry(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		for _, set := range []string{
			"set soon 0 1 1\r\nx\r\n", "set late 0 100 1\r\nx\r\n", "set never 0 0 1\r\nx\r\n", "set touched 0 1 1\r\nx\r\n",
			"set got 0 1 1\r\nx\r\n", "set shortened 0 0 1\r\nx\r\n", "set prepended 0 1 1\r\nx\r\n",
			fmt.Sprintf("set absolute 0 %d 1\r\nx\r\n", time.Now().Unix()+1),
			fmt.Sprintf("set farther 0 %d 1\r\nx\r\n", time.Now().Unix()+100),
		} {
			conn.Expect(t, set, "STORED\r\n")
		}
		conn.Expect(t, "touch touched 100\r\n", "TOUCHED\r\n")
		conn.Expect(t, "gat 100 got\r\n", "VALUE got 0 1\r\nx\r\nEND\r\n")
		conn.Expect(t, "touch shortened 1\r\n", "TOUCHED\r\n")
		conn.Expect(t, "prepend prepended 0 100 1\r\ny\r\n", "STORED\r\n") // its exptime counts for nothing
		time.Sleep(3200 * time.Millisecond)
		conn.Expect(t, "get soon late never touched got shortened prepended absolute farther\r\n",
			"VALUE late 0 1\r\nx\r\nVALUE never 0 1\r\nx\r\nVALUE touched 0 1\r\nx\r\nVALUE got 0 1\r\nx\r\n"+
				"VALUE farther 0 1\r\nx\r\nEND\r\n")
		conn.Expect(t, "add soon 0 0 1\r\nz\r\n", "STORED\r\n")
		conn.Expect(t, "incr absolute 1\r\n", "NOT_FOUND\r\n")
	})
}

func TestFlushWithDelay(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
		conn.Expect(t, "flush_all 3\r\n", "OK\r\n")
		conn.Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
		time.Sleep(4200 * time.Millisecond)
		conn.Expect(t, "get a\r\n", "END\r\n")
		conn.Expect(t, "set a 0 0 1\r\ny\r\n", "STORED\r\n")
		conn.Expect(t, "get a\r\n", "VALUE a 0 1\r\ny\r\nEND\r\n")
	})
}

// TestFlushReplacesADelayedOne: there is one fence, and the last command sets it.
func TestFlushReplacesADelayedOne(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		conn.Expect(t, "flush_all 2\r\n", "OK\r\n")
		conn.Expect(t, "flush_all\r\n", "OK\r\n")
		conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
		time.Sleep(3200 * time.Millisecond)
		conn.Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
	})
}
