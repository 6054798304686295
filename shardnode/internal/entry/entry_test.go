package entry

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// What memcached 1.6 itself answers to incr by 1 on these values (0: non-numeric).
func TestParseNumberIsMemcacheds(t *testing.T) {
	for _, c := range []struct {
		value string
		want  string
	}{
		{"", "no"}, {" ", "no"}, {" abc", "no"}, {"x", "no"}, {"12a", "no"}, {"0x10", "no"}, {"- 5", "no"},
		{"+-5", "no"}, {"-1", "no"}, {"-", "no"}, {" \r\n", "no"}, {"18446744073709551616", "no"},
		{"99999999999999999999", "no"}, {"184467440737095516150", "no"}, {"1\x0012", "1"},
		{"0", "0"}, {"-0", "0"}, {"+5", "5"}, {"007", "7"}, {"\t9", "9"}, {" 12", "12"}, {"12 ", "12"},
		{"12 abc", "12"}, {"12\x00x", "12"}, {"12\n", "12"}, {"12\r", "12"}, {"\v\f12", "12"},
		{"-18446744073709551615", "1"}, {"00000000000000000000000012", "12"},
		{"18446744073709551615", "18446744073709551615"}, {"9 ", "9"}, {"0                   ", "0"},
		{"-9223372036854775809", "9223372036854775807"}, {"-9223372036854775808", "no"},
	} {
		got := "no"
		if n, ok := parseNumber([]byte(c.value)); ok {
			got = fmt.Sprint(n)
		}
		if got != c.want {
			t.Errorf("parseNumber(%q) = %s, want %s", c.value, got, c.want)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"", "1", " 12", "-1", "18446744073709551616", "12 x", "+", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		n, ok := parseNumber(v)
		if !ok {
			return
		}
		again, ok := parseNumber(formatNumber(&Turn{}, n, len(v)))
		if !ok || again != n {
			t.Fatalf("%q is %d, but written and read again %d, %v", v, n, again, ok)
		}
	})
}

func TestExpiry(t *testing.T) {
	const now = 1_800_000_000
	for _, c := range []struct {
		exptime int64
		want    uint32
	}{
		{0, 0}, {-1, 1}, {math.MinInt64, 1}, {1, now + 1}, {2592000, now + 2592000},
		{2592001, 2592001}, {now + 5, now + 5}, {math.MaxUint32, math.MaxUint32}, {math.MaxInt64, math.MaxUint32},
	} {
		if got := Expiry(c.exptime, now); got != c.want {
			t.Errorf("Expiry(%d) = %d, want %d", c.exptime, got, c.want)
		}
	}
}

// With -I 1m, memcached 1.6 takes values up to these sizes.
func TestItemSizeIsMemcacheds(t *testing.T) {
	for _, c := range []struct {
		key, value int
		flags      uint32
	}{{1, 1048516, 0}, {1, 1048512, 1}, {250, 1048267, 0}} {
		if got := ItemSize(c.key, c.value, c.flags); got != 1<<20 {
			t.Errorf("ItemSize(%d, %d, %d) = %d, want 1 MiB", c.key, c.value, c.flags, got)
		}
	}
}

func TestStrings(t *testing.T) {
	for s := Uninitialized; s <= Initialized; s++ {
		if strings.Contains(s.String(), "?") {
			t.Errorf("state %d has no name", s)
		}
	}
	for e := Kept; e <= Dropped; e++ {
		if strings.Contains(e.String(), "?") {
			t.Errorf("effect %d has no name", e)
		}
	}
	for s := OK; s <= TooLarge; s++ {
		if strings.Contains(s.String(), "?") {
			t.Errorf("status %d has no name", s)
		}
	}
	if got := fmt.Sprint(State(9), Effect(9), Status(0), Op(0), Op(99)); strings.Count(got, "?") != 5 {
		t.Errorf("unknown values print as %s", got)
	}
}

// The paths that a region takes for every get and set must not allocate.
func TestStepDoesNotAllocate(t *testing.T) {
	turn := Turn{Now: 1000, MaxItem: 1 << 20, Unique: 7, Scratch: make([]byte, 0, 64)}
	held := Actor{State: Initialized, Entry: Entry{Value: []byte("10"), Cas: 3}}
	for op := OpGet; op.Valid(); op++ {
		for _, options := range []Options{0, KnownOptions} {
			m := Message{Op: op, Options: options, Value: []byte("abc"), KeyLen: 3, Delta: 1, Cas: 3}
			for _, a := range []Actor{{}, held} {
				if n := testing.AllocsPerRun(100, func() { Step(a, &m, &turn) }); n != 0 {
					t.Errorf("%s with options %b of an actor that is %s: %v allocations", op, options, a.State, n)
				}
			}
		}
	}
}

func BenchmarkStep(b *testing.B) {
	turn := Turn{Now: 1000, MaxItem: 1 << 20, Unique: 7, Scratch: make([]byte, 0, 64)}
	held := Actor{State: Initialized, Entry: Entry{Value: []byte("10"), Cas: 3}}
	for _, op := range []Op{OpGet, OpSet, OpIncr} {
		b.Run(op.String(), func(b *testing.B) {
			b.ReportAllocs()
			m := Message{Op: op, Value: []byte("abc"), KeyLen: 3, Delta: 1}
			for b.Loop() {
				Step(held, &m, &turn)
			}
		})
	}
}
