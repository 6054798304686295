package conformance

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// counted are the statistics that the same commands have to move by the same
// amount in memcached and here.
var counted = strings.Fields(`cmd_get cmd_set cmd_flush cmd_touch get_hits get_misses delete_hits
	delete_misses incr_hits incr_misses decr_hits decr_misses cas_hits cas_misses cas_badval touch_hits touch_misses
	curr_items total_items evictions reclaimed evicted_unfetched expired_unfetched get_expired get_flushed store_too_large
	store_no_memory auth_cmds auth_errors conn_yields listen_disabled_num rejected_connections accepting_conns pointer_size
	max_connections curr_connections total_connections`)

// countedByClass are those of stats items and stats slabs.
var countedByClass = strings.Fields(`items:1:number items:1:evicted items:1:evicted_nonzero items:1:evicted_unfetched
	items:1:outofmemory items:1:reclaimed items:1:tailrepairs 1:cmd_set 1:get_hits 1:delete_hits 1:incr_hits 1:decr_hits
	1:cas_hits 1:cas_badval 1:touch_hits active_slabs`)

// TestStatsCountAsMemcachedDoes sends the same commands to both and compares.
func TestStatsCountAsMemcachedDoes(t *testing.T) {
	_, reference := harness.Memcached(t)
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	want, got := countCommands(t, reference), countCommands(t, c.Address())
	for _, name := range slices.Concat(counted, countedByClass) {
		if want[name] == "" || got[name] != want[name] {
			t.Errorf("%s is %q, in memcached %q", name, got[name], want[name])
		}
	}
}

// TestPrefixesAreCountedFromTheStart starts both with -D.
func TestPrefixesAreCountedFromTheStart(t *testing.T) {
	t.Parallel()
	_, reference := harness.Memcached(t, "-D", "/")
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3, NodeArgs: []string{"-D", "/"}})
	for _, address := range []string{reference, c.Address()} {
		conn := harness.Dial(t, address)
		for _, key := range []string{"a/1", "a/2", "a/3", "b:1"} {
			conn.Expect(t, "set "+key+" 0 0 1\r\n1\r\n", "STORED\r\n")
			conn.Do(t, "get "+key+"\r\n")
		}
		conn.Do(t, "get a/nope\r\n")
		conn.Do(t, "delete a/3\r\n")
		conn.Expect(t, "stats detail dump\r\n", "PREFIX a get 4 hit 3 set 3 del 1\r\nEND\r\n")
		if got := readStats(t, conn, "stats settings\r\n")["detail_enabled"]; got != "yes" {
			t.Errorf("detail_enabled is %q", got)
		}
	}
}

func countCommands(t *testing.T, address string) map[string]string {
	t.Helper()
	conn := harness.Dial(t, address)
	conn.Expect(t, "stats reset\r\n", "RESET\r\n")
	harness.Dial(t, address).Expect(t, "mn\r\n", "MN\r\n") // one connection more
	for _, command := range []string{
		"set a 0 0 1\r\n1\r\n", "set b 0 0 1\r\n1\r\n", "set c 0 0 1\r\nx\r\n", "get a\r\n",
		"get a b nope nope2\r\n", "gets b\r\n", "add a 0 0 1\r\n1\r\n", "add e 0 0 1\r\n1\r\n", "replace nope 0 0 1\r\n1\r\n",
		"append a 0 0 1\r\n1\r\n", "incr a 1\r\n", "incr nope 1\r\n", "decr a 1\r\n", "decr nope 1\r\n", "incr c 1\r\n",
		"touch a 0\r\n", "touch nope 0\r\n", "gat 0 a nope\r\n", "delete b\r\n", "delete nope\r\n",
		"cas a 0 0 1 18446744073709551615\r\nx\r\n", "cas nope 0 0 1 1\r\nx\r\n",
	} {
		conn.Do(t, command)
	}
	values, _, _ := harness.Values(conn.Do(t, "gets a\r\n"))
	conn.Expect(t, "cas a 0 0 1 "+values[0].Cas+"\r\nx\r\n", "STORED\r\n")
	all := readStats(t, conn, "stats\r\n")
	maps.Copy(all, readStats(t, conn, "stats items\r\n"))
	maps.Copy(all, readStats(t, conn, "stats slabs\r\n"))
	return all
}

// readStats asks for statistics; they end in END, or every exporter would hang.
func readStats(t *testing.T, conn *harness.Conn, command string) map[string]string {
	t.Helper()
	reply := conn.Do(t, command)
	lines := strings.Split(strings.TrimSuffix(reply, "\r\n"), "\r\n")
	stats := map[string]string{}
	for _, line := range lines[:len(lines)-1] {
		fields := strings.SplitN(line, " ", 3)
		if len(fields) < 2 || fields[0] != "STAT" {
			t.Fatalf("%q answered %q", command, line)
		}
		stats[fields[1]] = strings.Join(fields[2:], "")
	}
	if last := lines[len(lines)-1]; last != "END" {
		t.Fatalf("%q ends in %q", command, last)
	}
	return stats
}
