package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// stampede is how many clients ask at once for a value that has to be made anew.
const stampede = 1000

// TestOneOfAThousandWins lets a thousand clients ask for the same key at once, of which
// exactly one may be told to make the value anew, whatever the reason is. In every
// second round that one stores at once; who asks later than that gets the new value.
func TestOneOfAThousandWins(t *testing.T) {
	t.Run("memactor", func(t *testing.T) {
		c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3, Gateways: 2})
		oneWins(t, c.Gateways[0].Address, c.Gateways[1].Address)
	})
	t.Run("memcached", func(t *testing.T) {
		_, address := harness.Memcached(t, "-c", "2000")
		oneWins(t, address)
	})
}

func oneWins(t *testing.T, addresses ...string) {
	t.Helper()
	var clients []*harness.Conn
	for i := range stampede {
		clients = append(clients, harness.Dial(t, addresses[i%len(addresses)]))
	}
	for _, why := range []struct {
		name, ask, old string
		prepare        [][2]string
	}{
		{"a miss", "mg %s N30 v\r\n", "", nil},
		{"stale", "mg %s v\r\n", "old", [][2]string{{"ms %s 3\r\nold\r\n", "HD\r\n"}, {"md %s I\r\n", "HD\r\n"}}},
		{"ends soon", "mg %s R300 v\r\n", "old", [][2]string{{"ms %s 3 T200\r\nold\r\n", "HD\r\n"}}},
	} {
		for round := range 6 {
			key := fmt.Sprintf("%s-%d", strings.ReplaceAll(why.name, " ", "-"), round)
			for _, step := range why.prepare {
				clients[round].Expect(t, fmt.Sprintf(step[0], key), step[1])
			}
			stores := round%2 == 1
			replies := askAtOnce(t, clients, fmt.Sprintf(why.ask, key), key, stores)
			if wrong := judge(replies, why.old, stores); wrong != "" {
				t.Errorf("%s, round %d: %s", why.name, round, wrong)
			}
		}
	}
}

// askAtOnce sends the same question on all connections, as near to at once as can be,
// and returns the replies. If the winner stores he does so at once, on his connection.
func askAtOnce(t *testing.T, clients []*harness.Conn, question, key string, stores bool) []string {
	t.Helper()
	replies := make([]string, len(clients))
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i, client := range clients {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			err := client.Send(question)
			if err == nil {
				replies[i], err = client.Reply()
			}
			if err == nil && stores && told(replies[i], "W") {
				if err = client.Send("ms " + key + " 3 T1000\r\nnew\r\n"); err == nil {
					_, err = client.Reply()
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return replies
}

// told reports whether a reply to mg has a flag.
func told(reply, flag string) bool {
	line, _, _ := strings.Cut(reply, "\r\n")
	return slices.Contains(strings.Fields(line), flag)
}

// judge says what is wrong with the replies, if anything is: one has won, the others
// have the old value and are told that somebody has, or have what the winner stored.
func judge(replies []string, old string, stored bool) string {
	won := 0
	for _, reply := range replies {
		_, value, _ := strings.Cut(reply, "\r\n")
		switch w, z := told(reply, "W"), told(reply, "Z"); {
		case w && !z && value == old+"\r\n":
			won++
		case z && !w && value == old+"\r\n":
		case stored && reply == "VA 3\r\nnew\r\n":
		default:
			return "one is answered " + harness.Shorten(reply)
		}
	}
	if won != 1 {
		return fmt.Sprintf("%d have won", won)
	}
	return ""
}

func TestJudgeOfWinners(t *testing.T) {
	const won, lost, fresh = "VA 3 W\r\nold\r\n", "VA 3 X Z\r\nold\r\n", "VA 3\r\nnew\r\n"
	for _, test := range []struct {
		stored  bool
		replies []string
		right   bool
	}{
		{false, []string{lost, won, lost}, true},
		{true, []string{lost, won, fresh}, true},
		{false, []string{lost, won, won}, false},
		{false, []string{lost, lost}, false},
		{false, []string{won, fresh}, false},
		{true, []string{won, "VA 3\r\nold\r\n"}, false},
		{false, []string{won, "VA 3 W Z\r\nold\r\n"}, false},
		{false, []string{won, "VA 3 Z\r\nodd\r\n"}, false},
		{false, []string{won, "EN\r\n"}, false},
		{false, []string{won, ""}, false},
	} {
		if wrong := judge(test.replies, "old", test.stored); (wrong == "") != test.right {
			t.Errorf("%q: %q", test.replies, wrong)
		}
	}
}
