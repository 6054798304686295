package transcript

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

func TestParse(t *testing.T) {
	cases, err := Parse(strings.NewReader("# one\n> a\\r\\n\n< ERROR\\r\\n\n\n# two\n>  \\r\\n\n< \n> quit\\r\\n\n< <closed>\n"))
	want := []Case{
		{"one", `a\r\n`, `ERROR\r\n`}, {"two", ` \r\n`, ``}, {"two", `quit\r\n`, `<closed>`},
	}
	if !slices.Equal(cases, want) || err != nil {
		t.Errorf("%q, %v", cases, err)
	}
	if got := Section(cases, "two"); !slices.Equal(got, want[1:]) {
		t.Errorf("section two: %q", got)
	}
	for _, text := range []string{"< answer\n", "> a\n> b\n", "> a\n", "what\n"} {
		if _, err := Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestSends(t *testing.T) {
	tests := map[string][]string{
		`get a\r\n`:          {"get a\r\n"},
		`get REP{k ,3}\r\n`:  {"get k k k \r\n"},
		`a\x01\xff\\\t || b`: {"a\x01\xff\\\t", "b"},
		`REP{x,2}REP{y,1}`:   {"xxy"},
	}
	for input, want := range tests {
		if got, err := (Case{Input: input}).Sends(); !slices.Equal(got, want) || err != nil {
			t.Errorf("%s: %q, %v", input, got, err)
		}
	}
	if _, err := (Case{Input: `\q`}).Sends(); err == nil {
		t.Error(`\q was taken for an escape`)
	}
}

func TestShow(t *testing.T) {
	if got := show("a\r\n\t\\\x00\xff", true); got != `a\r\n\t\\\x00\xff<closed>` {
		t.Error(got)
	}
	if got := show(strings.Repeat("x", 401), false); got != strings.Repeat("x", 200)+" ...(401 bytes)... "+strings.Repeat("x", 60) {
		t.Error(got)
	}
	if !Same(`STORED\r\nVERSION 1.6.45\r\n`, `STORED\r\nVERSION x\r\n`) || Same(`VERSION 1\r\n`, `VERSION 1\r\nEND\r\n`) {
		t.Error("versions are compared wrongly")
	}
	if !Same(`HD c5\r\nHD c7\r\nHD c5\r\n`, `HD c9\r\nHD c1\r\nHD c9\r\n`) || Same(`HD c5\r\nHD c5\r\n`, `HD c5\r\nHD c6\r\n`) ||
		Same(`EX c0\r\n`, `EX c5\r\n`) || !Same(`ME a la=0 cas=5 x\r\n`, `ME a la=0 cas=6 x\r\n`) {
		t.Error("uniques are compared wrongly")
	}
}

// classic are the sections that memcached is played in to try the player.
var classic = []string{
	"lines and unknown commands", "set and its faults", "the other storage commands",
	"get, gets, gat", "delete", "incr, decr",
}

// TestMemcachedAnswersAsRecorded proves the player: Debian's memcached answers
// every mode as it was recorded to.
func TestMemcachedAnswersAsRecorded(t *testing.T) {
	cases, err := Load("../testdata/transcripts/memcached-1.6.18.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, address := harness.Memcached(t)
	for _, mode := range Modes() {
		for _, c := range Section(cases, classic...) {
			if !mode.Plays(c) {
				continue
			}
			got, err := mode.Play(address, c, c.Answer)
			if !Same(got, c.Answer) || err != nil {
				t.Errorf("%s: %v\nis answered\n< %s (%v)", mode.Name, c, got, err)
			}
		}
	}
}

// TestPlayerSeesBugs plants bugs between the player and memcached.
func TestPlayerSeesBugs(t *testing.T) {
	_, address := harness.Memcached(t)
	c := Case{Input: `set a 1 0 1\r\nx\r\nget a\r\nversion\r\n`, Answer: `STORED\r\nVALUE a 1 1\r\nx\r\nEND\r\nVERSION 1\r\n`}
	bugs := map[string]func() harness.Alter{
		"swapped": harness.SwapReplies(2),
		"dropped": harness.DropReplies(3),
		"altered": func() harness.Alter {
			return func(reply string, _ func() bool) string { return strings.Replace(reply, "VALUE a 1", "VALUE a 0", 1) }
		},
		"extra": func() harness.Alter {
			return func(reply string, _ func() bool) string { return strings.Replace(reply, "VERSION", "OK\r\nVERSION", 1) }
		},
	}
	for name, bug := range bugs {
		proxy := harness.Proxy(t, address, bug)
		for _, mode := range Modes() {
			mode.Silence = 300 * time.Millisecond
			if got, err := mode.Play(proxy, c, c.Answer); Same(got, c.Answer) {
				t.Errorf("%s, %s: not noticed (%v)", name, mode.Name, err)
			}
		}
	}
	for _, mode := range Modes() {
		if got, err := mode.Play(harness.Proxy(t, address, harness.Faithful), c, c.Answer); !Same(got, c.Answer) {
			t.Errorf("faithful, %s: %s, %v", mode.Name, got, err)
		}
	}
}
