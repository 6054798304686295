package protocol

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

// TestFixedReplies also checks that each appends behind what is there.
func TestFixedReplies(t *testing.T) {
	for want, reply := range map[string]func([]byte) []byte{
		"STORED": AppendStored, "NOT_STORED": AppendNotStored, "EXISTS": AppendExists, "NOT_FOUND": AppendNotFound,
		"DELETED": AppendDeleted, "TOUCHED": AppendTouched, "OK": AppendOK, "MN": AppendMN, "RESET": AppendReset, "END": AppendEnd,
	} {
		if got := string(reply([]byte("END\r\n"))); got != "END\r\n"+want+"\r\n" {
			t.Errorf("%q, want %q", got, want)
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
