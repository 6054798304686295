package protocol

import (
	"strings"
	"testing"
)

// TestParseAllocatesNothing runs every line that was recorded, right and wrong, and the largest ones.
func TestParseAllocatesNothing(t *testing.T) {
	lines := append(recordedLines(t), []byte("get"+strings.Repeat(" key", 70_000)), []byte("get"+strings.Repeat(" ", 14_000)))
	for _, line := range lines {
		var c Command
		var err Error
		buf := make([]byte, 0, 256)
		if n := testing.AllocsPerRun(5, func() {
			err = Parse(line, &c)
			countKeys(c.Keys)
			buf = AppendError(buf[:0], err)
			_ = c.Verb.String()
		}); n != 0 {
			t.Errorf("%.100q: %v allocations", line, n)
		}
	}
}

func TestFramingAllocatesNothing(t *testing.T) {
	long := []byte("get " + strings.Repeat("k ", 5000))
	if n := testing.AllocsPerRun(5, func() {
		Line(long)
		TooLong(long)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRepliesAllocateNothing(t *testing.T) {
	buf, key, value := make([]byte, 0, 4096), []byte("key"), make([]byte, 100)
	if n := testing.AllocsPerRun(5, func() {
		buf = AppendValue(buf[:0], key, 1<<32-1, value)
		buf = AppendValueCas(buf, key, 1<<32-1, value, 1<<64-1)
		buf = AppendEnd(AppendOK(AppendNumber(buf, 1<<64-1)))
		buf = AppendStatUint(AppendStat(buf, "version", "1"), "pid", 1)
		buf = AppendServerError(AppendVersion(buf, "1"), "busy")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
