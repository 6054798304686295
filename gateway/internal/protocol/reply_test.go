package protocol

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// TestOutcomes shows what each status is called, command by command, and that answers go behind what is there.
func TestOutcomes(t *testing.T) {
	for line, want := range map[string][5]string{
		// OK, NOT_FOUND, NOT_STORED, EXISTS, NO_MEMORY
		"set k 0 0 1":   {"STORED", "NOT_FOUND", "NOT_STORED", "EXISTS", "SERVER_ERROR out of memory storing object"},
		"cas k 0 0 1 5": {"STORED", "NOT_FOUND", "NOT_STORED", "EXISTS", "SERVER_ERROR out of memory storing object"},
		"delete k":      {"DELETED", "NOT_FOUND", "NOT_STORED", "EXISTS", "SERVER_ERROR out of memory storing object"},
		"touch k 0":     {"TOUCHED", "NOT_FOUND", "NOT_STORED", "EXISTS", "SERVER_ERROR out of memory storing object"},
		"incr k 1":      {"42", "NOT_FOUND", "NOT_STORED", "EXISTS", "SERVER_ERROR out of memory"},
	} {
		for i, status := range []shardv1.Status{
			shardv1.Status_STATUS_OK, shardv1.Status_STATUS_NOT_FOUND, shardv1.Status_STATUS_NOT_STORED,
			shardv1.Status_STATUS_EXISTS, shardv1.Status_STATUS_NO_MEMORY,
		} {
			r := wire.Reply{Status: status, Number: 42}
			if got := answerTo(line, &r); got != want[i] {
				t.Errorf("%s, %s: %q, want %q", line, status, got, want[i])
			}
			if got := answerTo(line+" noreply", &r); got != "" {
				t.Errorf("%s noreply, %s: %q", line, status, got)
			}
		}
	}
}

// answerTo is the answer to line when the actor says r, without its line end.
func answerTo(line string, r *wire.Reply) string {
	var c Command
	if err := Parse([]byte(line), &c); err != OK {
		return err.String()
	}
	before := "END\r\n"
	got, ok := strings.CutPrefix(string(c.Append([]byte(before), &c.Envelope, r)), before)
	if !ok {
		return "(what was there is gone)"
	}
	return strings.TrimSuffix(got, crlf)
}

// TestMemoryOfCounters: ma has two lines for it, in memcached also.
func TestMemoryOfCounters(t *testing.T) {
	r := wire.Reply{Status: shardv1.Status_STATUS_NO_MEMORY}
	for line, want := range map[string]string{
		"ma k": "SERVER_ERROR out of memory", "ma k q": "SERVER_ERROR out of memory", "decr k 1": "SERVER_ERROR out of memory",
		"ma k N0 q": "SERVER_ERROR Out of memory allocating new item",
	} {
		if got := answerTo(line, &r); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestLocalAnswers(t *testing.T) {
	for line, want := range map[string]string{
		"version": "VERSION 1.6.45", "mn": "MN", "verbosity 1": "OK", "verbosity 1 noreply": "",
		"lru_crawler enable": "OK", "slabs automove 1": "OK", "lru mode segmented": "OK", "lru temp_ttl 5 noreply": "",
	} {
		var c Command
		if err := Parse([]byte(line), &c); err != OK || c.Kind != Local {
			t.Errorf("%s: %s, %s", line, err, c.Kind)
		}
		if got := string(c.AppendLocal(nil, "1.6.45")); strings.TrimSuffix(got, crlf) != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// TestFailures: what failed says why, on one line, whatever the reason holds.
func TestFailures(t *testing.T) {
	for status, want := range map[shardv1.Status]string{
		shardv1.Status_STATUS_NON_NUMERIC:     "CLIENT_ERROR cannot increment or decrement non-numeric value",
		shardv1.Status_STATUS_TOO_LARGE:       "SERVER_ERROR object too large for cache",
		shardv1.Status_STATUS_NO_MEMORY:       "SERVER_ERROR out of memory storing object",
		shardv1.Status_STATUS_BUSY:            "SERVER_ERROR busy: a b",
		shardv1.Status_STATUS_UNAVAILABLE:     "SERVER_ERROR unavailable: a b",
		shardv1.Status_STATUS_UNKNOWN_OUTCOME: "SERVER_ERROR outcome unknown: a b",
		shardv1.Status_STATUS_INTERNAL:        "SERVER_ERROR internal error: a b",
		shardv1.Status_STATUS_INVALID:         "SERVER_ERROR internal error: a b",
		shardv1.Status_STATUS_UNSPECIFIED:     "SERVER_ERROR internal error: a b",
	} {
		r := wire.Reply{Status: status, Message: "a\nb"}
		if got := string(AppendFailure(nil, &r)); got != want+crlf || !Failed(&r) {
			t.Errorf("%s: %q, want %q", status, got, want)
		}
	}
}

// TestValues compares with fmt, over the ends of each number and over bodies that look like replies.
func TestValues(t *testing.T) {
	for _, key := range []string{"k", "k\x01\xff", string(bytes.Repeat([]byte("k"), MaxKey))} {
		for _, value := range []string{"", "x", "\r\n", "END\r\n", string(make([]byte, 5000))} {
			for _, flags := range []uint32{0, 7, math.MaxUint32} {
				for _, cas := range []uint64{0, 2, math.MaxUint64} {
					checkValue(t, key, value, flags, cas)
				}
			}
		}
	}
}

func checkValue(t *testing.T, key, value string, flags uint32, cas uint64) {
	t.Helper()
	want := fmt.Sprintf("x\r\nVALUE %s %d %d\r\n%s\r\n", key, flags, len(value), value)
	if got := AppendValue([]byte("x\r\n"), []byte(key), flags, []byte(value)); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
	want = fmt.Sprintf("x\r\nVALUE %s %d %d %d\r\n%s\r\n", key, flags, len(value), cas, value)
	if got := AppendValueCas([]byte("x\r\n"), []byte(key), flags, []byte(value), cas); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNumberReplies(t *testing.T) {
	for _, v := range []uint64{0, 9, 10, math.MaxUint32, math.MaxUint64} {
		if got, want := string(AppendNumber(nil, v)), fmt.Sprintf("%d\r\n", v); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got, want := string(AppendStatUint(nil, "curr_items", v)), fmt.Sprintf("STAT curr_items %d\r\n", v); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTextReplies(t *testing.T) {
	for want, got := range map[string][]byte{
		"OK\r\n":                          AppendOK(nil),
		"END\r\n":                         AppendEnd(nil),
		"RESET\r\n":                       AppendReset(nil),
		"VERSION 1.6.45\r\n":              AppendVersion(nil, "1.6.45"),
		"STAT version 1.6.45\r\n":         AppendStat(nil, "version", "1.6.45"),
		"STAT rusage_user 0.000012\r\n":   AppendStat(nil, "rusage_user", "0.000012"),
		"SERVER_ERROR busy\r\n":           AppendServerError(nil, "busy"),
		"CLIENT_ERROR bad data chunk\r\n": AppendError(nil, ErrBadChunk),
	} {
		if string(got) != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
