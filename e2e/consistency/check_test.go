package consistency

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// ops builds the history of one key: each text is "call..return verb [write]
// [=expect]: reply", where reply is a word, =VALUE for a hit, ? for unknown and !
// for refused.
func ops(t *testing.T, lines ...string) *History {
	t.Helper()
	h := &History{}
	for _, line := range lines {
		h.Operations = append(h.Operations, parseOperation(t, line))
	}
	return h
}

func parseOperation(t *testing.T, line string) Operation {
	t.Helper()
	left, reply, ok := strings.Cut(line, ": ")
	fields := strings.Fields(left)
	if !ok || len(fields) < 2 {
		t.Fatalf("%q is no operation", line)
	}
	call, end, _ := strings.Cut(fields[0], "..")
	o := Operation{Key: "k", Verb: Verb(fields[1]), Call: moment(t, call), Return: moment(t, end), Status: Done, Reply: reply}
	for _, field := range fields[2:] {
		if expect, found := strings.CutPrefix(field, "="); found {
			o.Expect = expect
		} else {
			o.Write = field
		}
	}
	switch value, found := strings.CutPrefix(reply, "="); {
	case reply == "?":
		o.Status = Unknown
	case reply == "!":
		o.Status = Refused
	case found:
		o.Reply, o.Read = hit, value
	}
	return o
}

func moment(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text + "s")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCheck(t *testing.T) {
	const never, always, ifLossy = "never", "always", "if entries may be lost"
	tests := []struct {
		name    string
		right   string
		history []string
	}{
		{"read what was set", always, []string{"1..2 set a: STORED", "3..4 get: =a"}},
		{"read what never was", never, []string{"1..2 set a: STORED", "3..4 get: =b"}},
		{"miss before the set", always, []string{"1..2 get: MISS", "3..4 set a: STORED"}},
		{"miss after the set", ifLossy, []string{"1..2 set a: STORED", "3..4 get: MISS"}},
		{"back from the dead", never, []string{"1..2 set a: STORED", "3..4 get: MISS", "5..6 get: =a"}},
		{"old value", never, []string{"1..2 set a: STORED", "3..4 set b: STORED", "5..6 get: =a"}},
		{"either of two at once", always, []string{"1..4 set a: STORED", "2..3 set b: STORED", "5..6 get: =a"}},
		{"first one, then the other", never, []string{
			"1..4 set a: STORED", "2..3 set b: STORED", "5..6 get: =a", "7..8 get: =b"}},
		{"unknown set, done later", always, []string{
			"1..2 set a: STORED", "3..4 set b: ?", "5..6 get: =a", "7..8 get: =b"}},
		{"unknown set, never done", always, []string{"1..2 set a: STORED", "3..4 set b: ?", "5..6 get: =a"}},
		{"unknown set, done twice", never, []string{
			"1..2 set b: ?", "3..4 get: =b", "5..6 set a: STORED", "7..8 get: =a", "9..9 get: =b"}},
		{"unknown delete", always, []string{"1..2 set a: STORED", "3..4 delete: ?", "5..6 get: MISS"}},
		{"refused set, done", never, []string{"1..2 set a: !", "3..4 get: =a"}},
		{"delete of nothing", never, []string{"1..2 delete: DELETED"}},
		{"delete finds nothing", ifLossy, []string{"1..2 set a: STORED", "3..4 delete: NOT_FOUND"}},
		{"add over an entry", ifLossy, []string{"1..2 set a: STORED", "3..4 add b: STORED", "5..6 get: =b"}},
		{"add refused for no reason", never, []string{"1..2 add a: NOT_STORED"}},
		{"cas of what was read", always, []string{"1..2 set a: STORED", "3..4 cas b =a: STORED", "5..6 get: =b"}},
		{"two cas of one unique", never, []string{
			"1..2 set a: STORED", "3..4 cas b =a: STORED", "5..6 cas c =a: STORED"}},
		{"cas of the unchanged refused", never, []string{"1..2 set a: STORED", "3..4 cas b =a: EXISTS"}},
		{"cas of the changed refused", always, []string{
			"1..2 set a: STORED", "3..4 set b: STORED", "5..6 cas c =a: EXISTS"}},
		{"cas finds nothing", ifLossy, []string{"1..2 set a: STORED", "3..4 cas b =a: NOT_FOUND"}},
		{"counted", always, []string{"1..2 add 0: STORED", "3..4 incr: 1", "5..6 incr: 2", "7..8 get: =2"}},
		{"counted twice", never, []string{"1..2 add 0: STORED", "3..4 incr: 2"}},
		{"counted, answer lost", always, []string{"1..2 add 0: STORED", "3..4 incr: ?", "5..6 incr: 2"}},
		{"two got one number", never, []string{"1..2 add 0: STORED", "3..6 incr: 1", "4..5 incr: 1"}},
		{"counter gone", ifLossy, []string{"1..2 add 0: STORED", "3..4 incr: NOT_FOUND"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := ops(t, test.history...)
			if err := h.Check(Rules{}); (err == nil) != (test.right == always) {
				t.Errorf("nothing may be lost: %v", err)
			}
			if err := h.Check(Rules{Lossy: true}); (err != nil) != (test.right == never) {
				t.Errorf("entries may be lost: %v", err)
			}
		})
	}
}

func TestViolationShowsWhereItBegins(t *testing.T) {
	h := ops(t, "1..2 set a: STORED", "3..4 get: =a", "5..6 get: =wrong", "7..8 get: =a", "9..9 get: =a")
	err := h.Check(Rules{})
	if !errors.Is(err, ErrViolation) || !strings.Contains(err.Error(), "wrong") || strings.Contains(err.Error(), "9s") {
		t.Errorf("%v", err)
	}
}

func TestValues(t *testing.T) {
	value := newValue("k", 3, 4, 100)
	if len(value) != 100 || !isValueOf("k", value) {
		t.Errorf("%q is no value of k", value)
	}
	if long := newValue("k", 3, 4, 0); !isValueOf("k", long) {
		t.Errorf("%q is no value of k", long)
	}
	for _, other := range []string{"", "k", value[1:], value[:99], strings.Replace(value, "..", ".x", 1), newValue("kk", 3, 4, 0)} {
		if isValueOf("k", other) {
			t.Errorf("%q passes for a value of k", other)
		}
	}
}
