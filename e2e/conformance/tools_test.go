package conformance

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// TestStatsHaveWhatToolsRead holds testdata/tools.txt, the names that exporters and other
// tools read, against what we tell, and against what memcached tells.
func TestStatsHaveWhatToolsRead(t *testing.T) {
	wanted := toolNames(t)
	both(t, func(t *testing.T, address string) {
		conn := harness.Dial(t, address)
		conn.Expect(t, "set a 0 0 1\r\n1\r\n", "STORED\r\n")
		general := readStats(t, conn, "stats\r\n")
		told := map[string]map[string]string{
			"stats": general, "settings": readStats(t, conn, "stats settings\r\n"),
			"items": readStats(t, conn, "stats items\r\n"), "slabs": readStats(t, conn, "stats slabs\r\n"),
		}
		old := strings.HasPrefix(general["version"], "1.6.18")
		for _, name := range wanted {
			value, ok := tell(told[name.group], name.name)
			switch absent := name.mark == "?" || name.mark == "+" && old; {
			case ok == absent:
				t.Errorf("%s: %s %s: told is %v", name.tool, name.group, name.name, ok)
			case ok && !isWord(name.name) && !isNumber(value):
				t.Errorf("%s: %s is %q, no number", name.tool, name.name, value)
			}
		}
	})
}

// toolName is a statistic that a tool reads.
type toolName struct{ tool, group, name, mark string }

func toolNames(t *testing.T) []toolName {
	t.Helper()
	text, err := os.ReadFile("../testdata/tools.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []toolName
	var tool string
	for line := range strings.Lines(string(text)) {
		group, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch group {
		case "#":
			tool = rest
		case "":
		case "stats", "settings", "items", "slabs":
			for word := range strings.FieldsSeq(rest) {
				name := strings.TrimRight(word, "?+")
				all = append(all, toolName{tool, group, name, word[len(name):]})
			}
		default:
			t.Fatalf("tools.txt: %q", line)
		}
	}
	if len(all) < 200 {
		t.Fatalf("%d names in tools.txt", len(all))
	}
	return all
}

// tell looks a name up as it is, and behind the class of small items.
func tell(stats map[string]string, name string) (string, bool) {
	for _, prefix := range []string{"", "items:1:", "1:"} {
		if value, ok := stats[prefix+name]; ok {
			return value, true
		}
	}
	return "", false
}

// isWord tells of the few statistics that are no numbers.
func isWord(name string) bool {
	return name == "version" || name == "cas_enabled" || name == "lru_crawler" || name == "lru_maintainer_thread"
}

func isNumber(value string) bool {
	_, err := strconv.ParseFloat(value, 64)
	return err == nil
}

// TestStatsAreTrue looks at those that differ from server to server: they are what the
// test knows otherwise.
func TestStatsAreTrue(t *testing.T) {
	t.Run("memactor", func(t *testing.T) {
		c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
		statsAreTrue(t, c.Address(), c.Gateways[0].Pid(), 3*256<<20)
	})
	t.Run("memcached", func(t *testing.T) {
		p, address := harness.Memcached(t)
		statsAreTrue(t, address, p.Pid(), 100<<20)
	})
}

// statsAreTrue does a little work at a server with that process id and so many bytes of
// memory, and wants to find it in what the server tells.
func statsAreTrue(t *testing.T, address string, pid int, memory uint64) {
	t.Helper()
	conn := harness.Dial(t, address)
	conn.Expect(t, "stats reset\r\n", "RESET\r\n")
	const size, times, line = 1000, 50, 100 // bytes; each command is shorter than a line
	set := "set a 0 0 1000\r\n" + strings.Repeat("x", size) + "\r\n"
	for range times {
		conn.Expect(t, set, "STORED\r\n")
		conn.Do(t, "get a\r\n")
	}
	if reply := conn.Do(t, "stats\r\n"); len(reply) >= 4096 {
		t.Errorf("stats has %d bytes: collectd reads 4095", len(reply))
	}
	told := readStats(t, conn, "stats\r\n")
	now := uint64(time.Now().Unix())
	for name, bounds := range map[string][2]uint64{
		"pid": {uint64(pid), uint64(pid)}, "time": {now - 30, now + 2}, "uptime": {0, 600}, "threads": {1, 1024},
		"limit_maxbytes": {memory, memory}, "bytes": {size, 2 * size}, "curr_items": {1, 1}, "hash_bytes": {1, 1 << 30},
		"cmd_get": {times, times}, "cmd_set": {times, times},
		"bytes_read": {uint64(times * len(set)), uint64(times * (len(set) + line))}, "bytes_written": {times * size, times * (size + line)},
	} {
		if n, err := strconv.ParseUint(told[name], 10, 64); err != nil || n < bounds[0] || n > bounds[1] {
			t.Errorf("%s is %q, not from %d to %d", name, told[name], bounds[0], bounds[1])
		}
	}
	for _, name := range []string{"rusage_user", "rusage_system"} {
		if _, micros, ok := strings.Cut(told[name], "."); !ok || len(micros) != 6 {
			t.Errorf("%s is %q, not seconds.micros", name, told[name])
		}
	}
	settings := readStats(t, conn, "stats settings\r\n")
	for name, want := range map[string]string{
		"maxconns": "1024", "item_size_max": "1048576", "cas_enabled": "yes", "maxbytes": strconv.FormatUint(memory, 10),
	} {
		if settings[name] != want {
			t.Errorf("stats settings: %s is %s, not %s", name, settings[name], want)
		}
	}
}
