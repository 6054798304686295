package conformance

import (
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/e2e/transcript"
)

// TestRecordedAnswers plays what was recorded from memcached 1.6.45, in every mode.
// testdata/differences.txt lists, in the recording's own form, each input that is
// answered otherwise, with our answer, under the reason.
func TestRecordedAnswers(t *testing.T) {
	recorded := load(t, "transcripts/memcached-1.6.45.txt")
	ours := load(t, "differences.txt")
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	for _, mode := range transcript.Modes() {
		t.Run(mode.Name, func(t *testing.T) {
			for _, recorded := range recorded {
				play(t, c.Address(), mode, recorded, ours)
			}
		})
	}
	t.Logf("%d recorded answers, %d of them listed as different", len(recorded), len(ours))
}

func play(t *testing.T, address string, mode transcript.Mode, recorded transcript.Case, ours []transcript.Case) {
	t.Helper()
	want := recorded.Answer
	if listed, ok := find(ours, recorded.Input); ok {
		want = listed.Answer
	}
	if !mode.Plays(recorded) {
		return
	}
	if strings.HasPrefix(recorded.Input, "stats items") {
		awaitSweep(t, address)
	}
	got, err := mode.PlayInTime(address, recorded, want)
	if !transcript.Same(got, want) || err != nil {
		t.Errorf("# %s\n> %s\n< %s\nbut should be\n< %s (%v)", recorded.Section, recorded.Input, got, want, err)
	}
}

// awaitSweep flushes the server and waits until what was flushed is swept out:
// until then it takes memory, and is counted.
func awaitSweep(t *testing.T, address string) {
	t.Helper()
	conn := harness.Dial(t, address)
	conn.Expect(t, "flush_all\r\n", "OK\r\n")
	harness.Eventually(t, 10*time.Second, "nothing is left of what was flushed", func() bool {
		return conn.Do(t, "stats items\r\n") == "END\r\n"
	})
}

// TestDifferencesAreDifferences holds the list to its purpose: an entry that is no
// input of the recording, that stands there twice, or whose answer is the recorded
// one is out of date.
func TestDifferencesAreDifferences(t *testing.T) {
	recorded := load(t, "transcripts/memcached-1.6.45.txt")
	seen := map[string]bool{}
	for _, listed := range load(t, "differences.txt") {
		original, ok := find(recorded, listed.Input)
		switch {
		case !ok:
			t.Errorf("> %s was never recorded", listed.Input)
		case seen[listed.Input]:
			t.Errorf("> %s is listed twice", listed.Input)
		case transcript.Same(original.Answer, listed.Answer):
			t.Errorf("> %s is answered as recorded", listed.Input)
		case listed.Section == "":
			t.Errorf("> %s is listed without a reason", listed.Input)
		}
		seen[listed.Input] = true
	}
}

func find(cases []transcript.Case, input string) (transcript.Case, bool) {
	for _, c := range cases {
		if c.Input == input {
			return c, true
		}
	}
	return transcript.Case{}, false
}

func load(t *testing.T, name string) []transcript.Case {
	t.Helper()
	cases, err := transcript.Load("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}
