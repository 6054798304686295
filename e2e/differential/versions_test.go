package differential

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/e2e/transcript"
)

const recordings = "../testdata/transcripts/memcached-"

// TestVersionsExplainTheRecordings holds the list to the recordings of both versions: an input that they answer differently is
// explained by one entry, another by none, and no entry is idle.
func TestVersionsExplainTheRecordings(t *testing.T) {
	old, current := recorded(t, "1.6.18"), recorded(t, "1.6.45")
	if len(old) != len(current) {
		t.Fatalf("%d cases and %d", len(old), len(current))
	}
	explained := map[string]int{}
	for i, c := range old {
		if c.Input != current[i].Input {
			t.Fatalf("case %d is %q and %q", i, c.Input, current[i].Input)
		}
		var by []string
		for _, change := range Versions {
			if change.Explains(c.Input) {
				by = append(by, change.Name)
				explained[change.Name]++
			}
		}
		want := 1
		if transcript.Same(c.Answer, current[i].Answer) {
			want = 0
		}
		if len(by) != want {
			t.Errorf("%v\nand, of 1.6.45,\n< %s\nis explained by %q, %d entries are right", c, current[i].Answer, by, want)
		}
	}
	for _, change := range Versions {
		if explained[change.Name] == 0 {
			t.Errorf("%s explains nothing", change.Name)
		}
	}
}

// TestMemcachedIsAsRecorded plays the recording of 1.6.18 on the memcached that scripts are compared with.
func TestMemcachedIsAsRecorded(t *testing.T) {
	_, address := harness.Memcached(t)
	if version := harness.Ask(address, "version\r\n"); version != "VERSION 1.6.18\r\n" {
		t.Skipf("the recording is of 1.6.18, and this memcached is %q", version)
	}
	whole := transcript.Modes()[0]
	_, empty := harness.Memcached(t) // what was flushed is counted until it is swept out
	for _, c := range recorded(t, "1.6.18") {
		address := address
		if strings.HasPrefix(c.Input, "stats items") {
			address = empty
		}
		got, err := whole.PlayInTime(address, c, c.Answer)
		if !transcript.Same(got, c.Answer) || err != nil {
			t.Errorf("%v\nis answered\n< %s (%v)", c, got, err)
		}
	}
}

// TestVersionsAreDocumented holds the rows of the table in docs/protocol.md to the list.
func TestVersionsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## memcached 1.6.18 against 1.6.45\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows, names []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|.*\|$`).FindAllStringSubmatch(section, -1) {
		rows = append(rows, row[1])
	}
	for _, change := range Versions {
		names = append(names, change.Name)
	}
	if want := append([]string{"what"}, names...); !slices.Equal(rows, want) {
		t.Errorf("the rows are\n%q\nand the list is\n%q", rows, want)
	}
}

func recorded(t *testing.T, version string) []transcript.Case {
	t.Helper()
	cases, err := transcript.Load(recordings + version + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return cases
}
