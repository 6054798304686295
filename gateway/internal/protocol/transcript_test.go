package protocol

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// rewriting is whether what the parser now makes of testdata is to be written into the files; then read the diff. The
// flag is datadriven's.
func rewriting() bool { return flag.Lookup("rewrite").Value.String() == "true" }

// TestTranscripts walks each input ("> ...") and compares the steps ("< ...") with the recorded ones. The inputs
// are those of the recordings made from memcached 1.6.45: their escapes are Python's and Go's, REP{text,n} is text
// n times, " || " separates sends.
func TestTranscripts(t *testing.T) {
	for _, name := range []string{"testdata/classic.txt", "testdata/meta.txt", "testdata/admin.txt", "testdata/hostile.txt"} {
		recorded, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var now strings.Builder
		for line := range strings.Lines(string(recorded)) {
			if strings.HasPrefix(line, "<") {
				continue
			}
			now.WriteString(line)
			if input, found := strings.CutPrefix(line, "> "); found {
				steps := walk(unescape(t, strings.TrimSuffix(input, "\n")))
				fmt.Fprintf(&now, "< %s\n", shorten(strings.Join(steps, " | ")))
			}
		}
		if rewriting() {
			err = os.WriteFile(name, []byte(now.String()), 0o644)
		} else {
			compareLines(t, name, string(recorded), now.String())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func compareLines(t *testing.T, name, want, got string) {
	t.Helper()
	wants, gots := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wants), len(gots)) {
		if wants[i] != gots[i] {
			t.Errorf("%s:%d\n%s\nwant %s\ngot  %s", name, i+1, wants[max(i-1, 0)], wants[i], gots[i])
		}
	}
	if len(wants) != len(gots) {
		t.Errorf("%s: %d lines, want %d: an input without its answer?", name, len(gots), len(wants))
	}
}

var repeated = regexp.MustCompile(`REP\{(.*?),(\d+)\}`)

func unescape(tb testing.TB, input string) []byte {
	tb.Helper()
	input = strings.ReplaceAll(input, " || ", "")
	input = repeated.ReplaceAllStringFunc(input, func(s string) string {
		parts := repeated.FindStringSubmatch(s)
		n, err := strconv.Atoi(parts[2])
		if err != nil {
			tb.Fatal(err)
		}
		return strings.Repeat(parts[1], n)
	})
	raw, err := strconv.Unquote(`"` + strings.ReplaceAll(input, `"`, `\"`) + `"`)
	if err != nil {
		tb.Fatalf("%q: %v", input, err)
	}
	return []byte(raw)
}

// shorten makes one printable line of the steps.
func shorten(steps string) string {
	quoted := strconv.QuoteToASCII(steps)
	quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	if len(quoted) <= 400 {
		return quoted
	}
	return fmt.Sprintf("%s ...(%d bytes)... %s", quoted[:200], len(steps), quoted[len(quoted)-60:])
}
