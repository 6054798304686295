package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// What MemAkka, the program that memactor re-thinks, got wrong where a client sees
// it. Each is tried on memcached too, which proves the test.

// both runs a test against a cluster and against memcached, at the same time.
func both(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("memactor", func(t *testing.T) {
		t.Parallel()
		test(t, harness.StartCluster(t, harness.ClusterOptions{Nodes: 3}).Address())
	})
	t.Run("memcached", func(t *testing.T) {
		t.Parallel()
		_, address := harness.Memcached(t)
		test(t, address)
	})
}

func TestNoreplyDoesNotHang(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		conn.Expect(t, "set n 0 0 1\r\n5\r\n", "STORED\r\n")
		for _, silent := range []string{
			"set a 0 0 1 noreply\r\nx\r\n", "add a 0 0 1 noreply\r\nx\r\n", "replace a 0 0 1 noreply\r\ny\r\n",
			"append a 0 0 1 noreply\r\nz\r\n", "prepend a 0 0 1 noreply\r\nw\r\n", "cas a 0 0 1 1 noreply\r\nx\r\n",
			"incr n 1 noreply\r\n", "decr n 1 noreply\r\n", "incr a 1 noreply\r\n", "touch a 0 noreply\r\n",
			"delete n noreply\r\n", "verbosity 1 noreply\r\n",
		} {
			conn.Expect(t, silent+"mn\r\n", "MN\r\n")
		}
		conn.Expect(t, "get a n\r\n", "VALUE a 0 3\r\nwyz\r\nEND\r\n")
		conn.Expect(t, "flush_all noreply\r\nget a\r\n", "END\r\n")
	})
}

// TestNoreplyIsDone wants that a silent command is done when a later one on the
// same connection is answered: clients rely on that to wait for silent ones.
func TestNoreplyIsDone(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		writer, reader := harness.Dial(t, address), harness.Dial(t, address)
		for i := range 300 {
			value := strconv.Itoa(1000 + i)
			key := fmt.Sprintf("k%d", i%7)
			writer.Expect(t, "set "+key+" 0 0 4 noreply\r\n"+value+"\r\nmn\r\n", "MN\r\n")
			reader.Expect(t, "get "+key+"\r\n", "VALUE "+key+" 0 4\r\n"+value+"\r\nEND\r\n")
		}
	})
}

func TestBlankLinesAndUnknownVerbsAreSurvived(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		for _, line := range []string{"\r\n", "\n", " \r\n", "bogus\r\n", "bogus a b c\r\n", "\x00\x01\r\n"} {
			if reply := conn.Do(t, line); !harness.IsError(reply) {
				t.Errorf("%q was answered %q", line, reply)
			}
		}
		if err := conn.Send("\r"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		if reply := conn.Do(t, "\n"); !harness.IsError(reply) {
			t.Errorf("a lone carriage return and then a newline were answered %q", reply)
		}
		conn.Expect(t, "mn\r\n", "MN\r\n")
	})
}

func TestFlushAllDoesNotHang(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		for i := range 50 {
			conn.Expect(t, fmt.Sprintf("set k%d 0 0 1\r\nx\r\n", i), "STORED\r\n")
		}
		conn.Expect(t, "flush_all\r\n", "OK\r\n")
		for i := range 50 {
			conn.Expect(t, fmt.Sprintf("get k%d\r\n", i), "END\r\n")
		}
		// Pipelined, it holds what is behind it and comes after what is ahead of it.
		for range 20 {
			if err := conn.Send("set a 0 0 1\r\nx\r\nset b 0 0 1\r\nx\r\nflush_all\r\nset b 0 0 1\r\ny\r\nget a b\r\n"); err != nil {
				t.Fatal(err)
			}
			want := []string{"STORED\r\n", "STORED\r\n", "OK\r\n", "STORED\r\n", "VALUE b 0 1\r\ny\r\nEND\r\n"}
			if got, err := conn.Replies(5); !slices.Equal(got, want) {
				t.Fatalf("%q, %v", got, err)
			}
		}
	})
}

// TestStatsKeepTheirPlace: statistics come from every node, and still in the order
// of the commands.
func TestStatsKeepTheirPlace(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		for range 20 {
			if err := conn.Send("set a 0 0 1\r\nx\r\nstats\r\nget a\r\nstats reset\r\ndelete a\r\nstats settings\r\nget a\r\nversion\r\n"); err != nil {
				t.Fatal(err)
			}
			got, err := conn.Replies(8)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{"STORED\r\n", "STAT ", "VALUE a 0 1\r\nx\r\nEND\r\n", "RESET\r\n", "DELETED\r\n", "STAT ", "END\r\n", "VERSION "} {
				if !strings.HasPrefix(got[i], want) {
					t.Fatalf("reply %d is %s, not %s", i, harness.Shorten(got[i]), want)
				}
			}
		}
	})
}

func TestValuesComeInTheOrderOfTheRequest(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		const n = 200
		var names []string
		for i := range n {
			key := fmt.Sprintf("key-%d", i)
			names = append(names, key)
			conn.Expect(t, fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(key), key), "STORED\r\n")
		}
		for round := range 50 {
			names = append(names[1+round:], names[:1+round]...)
			slices.Reverse(names[:n/2])
			values, last, err := harness.Values(conn.Do(t, "get "+strings.Join(names, " ")+"\r\n"))
			if err != nil || last != "END" || len(values) != n {
				t.Fatalf("%d values, then %q, %v", len(values), last, err)
			}
			for i, value := range values {
				if value.Key != names[i] || value.Data != names[i] {
					t.Fatalf("value %d is %+v, not that of %s", i, value, names[i])
				}
			}
		}
	})
}

func TestGetDoesNotCancelTheExpiry(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		conn.Expect(t, "set a 0 2 1\r\nx\r\n", "STORED\r\n")
		conn.Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
		conn.Expect(t, "append a 0 0 1\r\ny\r\n", "STORED\r\n")
		end := time.Now().Add(3500 * time.Millisecond)
		for time.Now().Before(end) {
			conn.Do(t, "get a\r\n")
			time.Sleep(20 * time.Millisecond)
		}
		conn.Expect(t, "get a\r\n", "END\r\n")
	})
}

func TestUniquesNeverComeAgain(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		seen := map[string]bool{}
		learn := func(how string) uint64 {
			values, _, err := harness.Values(conn.Do(t, "gets a\r\n"))
			if err != nil || len(values) != 1 {
				t.Fatalf("%v, %v", values, err)
			}
			if seen[values[0].Cas] {
				t.Errorf("after %s the unique %s comes again", how, values[0].Cas)
			}
			seen[values[0].Cas] = true
			unique, _ := strconv.ParseUint(values[0].Cas, 10, 64)
			return unique
		}
		last := uint64(0)
		for range 5 {
			for _, change := range []string{
				"set a 0 0 1\r\n1\r\n", "incr a 1\r\n", "append a 0 0 1\r\n0\r\n", "delete a\r\nset a 0 0 1\r\n1\r\n",
				"flush_all\r\nset a 0 0 1\r\n1\r\n",
			} {
				if err := conn.Send(change); err != nil {
					t.Fatal(err)
				}
				if _, err := conn.Replies(max(1, strings.Count(change, "set a")+strings.Count(change, "delete")+strings.Count(change, "flush"))); err != nil {
					t.Fatal(err)
				}
				if unique := learn(change); unique <= last || unique <= 1 && last > 0 {
					t.Errorf("after %q the unique %d is not above %d", change, unique, last)
				} else {
					last = unique
				}
			}
		}
	})
}

func TestArithmeticIsOf64BitsUnsigned(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		conn.Expect(t, "set a 0 0 19\r\n9223372036854775807\r\n", "STORED\r\n")
		conn.Expect(t, "incr a 1\r\n", "9223372036854775808\r\n")
		conn.Expect(t, "incr a 9223372036854775807\r\n", "18446744073709551615\r\n")
		conn.Expect(t, "incr a 1\r\n", "0\r\n")
		conn.Expect(t, "incr a 18446744073709551615\r\n", "18446744073709551615\r\n")
		conn.Expect(t, "decr a 18446744073709551614\r\n", "1\r\n")
		conn.Expect(t, "decr a 2\r\n", "0\r\n")
	})
}

func TestBadDataChunkIsAnswered(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		conn.Expect(t, "set a 0 0 3\r\nabcdefg\r\n", badChunk)
		if reply := conn.Do(t, ""); !harness.IsError(reply) { // what is left of the line
			t.Errorf("the rest was answered %q", reply)
		}
		conn.Expect(t, "get a\r\n", "END\r\n")
	})
}

// TestMailOfADeletedKeyIsAnswered hammers one key with stores and deletes from
// many connections: every command is answered, whatever the key's actor is doing.
func TestMailOfADeletedKeyIsAnswered(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		var group sync.WaitGroup
		for range 8 {
			conn := harness.Dial(t, address)
			group.Go(func() {
				const rounds = 100
				commands := strings.Repeat("set a 0 0 1\r\nx\r\ndelete a\r\nadd a 0 0 1\r\ny\r\nget a\r\nincr a 1\r\n", rounds)
				if err := conn.Send(commands); err != nil {
					t.Error(err)
					return
				}
				if got, err := conn.Replies(5 * rounds); err != nil {
					t.Errorf("%d replies to %d commands: %v", len(got), 5*rounds, err)
				}
			})
		}
		group.Wait()
	})
}
