package consistency

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

func TestMoves(t *testing.T) {
	at := func(from, to int) Span {
		return Span{time.Duration(from) * time.Second, time.Duration(to) * time.Second}
	}
	moves := []Move{{Begin: at(10, 12), End: at(12, 20)}}
	for name, test := range map[string]struct {
		right   bool
		history []string
	}{
		"empty at the new owner":   {true, []string{"1..2 set a: STORED", "21..22 get: MISS"}},
		"lost before":              {false, []string{"1..2 set a: STORED", "3..4 get: MISS", "21..22 get: MISS"}},
		"lost after":               {false, []string{"21..22 set a: STORED", "23..24 get: MISS"}},
		"at the old owner still":   {true, []string{"1..2 set a: STORED", "13..14 get: MISS", "15..16 get: =a"}},
		"at both":                  {true, []string{"13..14 set a: STORED", "15..16 set b: STORED", "17..18 get: =a", "18..19 get: =b"}},
		"stays at the new owner":   {true, []string{"13..14 set a: STORED", "21..22 get: =a"}},
		"back from the old owner":  {false, []string{"1..2 set a: STORED", "21..22 get: =a"}},
		"back after a newer value": {false, []string{"1..2 set a: STORED", "21..22 set b: STORED", "23..24 get: =a"}},
		"a value of neither":       {false, []string{"13..14 set a: STORED", "15..16 get: =b"}},
		"read early":               {false, []string{"13..14 get: =a", "15..16 set a: STORED"}},
		"sent before, done late":   {true, []string{"1..30 set a: STORED", "31..32 get: MISS"}},
		"counted at both":          {true, []string{"13..14 add 0: STORED", "15..15 add 0: STORED", "16..16 incr: 1", "17..17 incr: 1"}},
		"counted thrice alike":     {false, []string{"13..14 add 0: STORED", "15..15 add 0: STORED", "16..16 incr: 1", "17..17 incr: 1", "18..18 incr: 1"}},
	} {
		err := ops(t, test.history...).Check(Rules{Moves: func(string) []Move { return moves }})
		if (err == nil) != test.right {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOldOwnerIsSeen plants a client that delivers to the old owner after a move:
// what moves, moves from one memcached to another, and one of two ways does not follow.
func TestOldOwnerIsSeen(t *testing.T) {
	for name, follows := range map[string]bool{"both follow": true, "one does not": false} {
		t.Run(name, func(t *testing.T) {
			_, before := harness.Memcached(t)
			_, after := harness.Memcached(t)
			skipUniques(t, after)
			ways := []*way{newWay(t, before), newWay(t, before)}
			load := testLoad("")
			load.Addresses = []string{ways[0].address, ways[1].address}
			running := load.Start()
			time.Sleep(300 * time.Millisecond)
			from := running.Now()
			ways[0].turn(after)
			if follows {
				ways[1].turn(after)
			}
			to := running.Now()
			time.Sleep(300 * time.Millisecond)
			move := Move{Begin: Span{from, to}, End: Span{from, to}}
			err := running.Stop().Check(Rules{Moves: func(string) []Move { return []Move{move} }})
			if follows == errors.Is(err, ErrViolation) {
				t.Error(err)
			}
		})
	}
}

// skipUniques makes a memcached's cas uniques others than those of a new one.
func skipUniques(t *testing.T, address string) {
	t.Helper()
	conn := harness.Dial(t, address)
	const sets = 20_000
	if err := conn.Send(strings.Repeat("set skip 0 0 1 noreply\r\nx\r\n", sets)); err != nil {
		t.Fatal(err)
	}
	conn.Expect(t, "get skip\r\n", "VALUE skip 0 1\r\nx\r\nEND\r\n")
}

// way is a way to a server, which can be turned to another: the connections of
// before end.
type way struct {
	address string

	mu    sync.Mutex
	to    string
	conns []net.Conn
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{address: listener.Addr().String(), to: to}
	t.Cleanup(func() { _ = listener.Close(); w.turn("") })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			w.relay(client)
		}
	}()
	return w
}

func (w *way) relay(client net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = client.Close()
		return
	}
	w.conns = append(w.conns, client, server)
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
}

func (w *way) turn(to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = to
	for _, conn := range w.conns {
		_ = conn.Close()
	}
	w.conns = nil
}
