package daemon

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestParseSize(t *testing.T) {
	tests := []struct {
		text string
		unit Size
		want Size
	}{
		{"0", Byte, 0},
		{"64", Byte, 64},
		{"64", MiB, 64 * MiB},
		{"64b", MiB, 64},
		{"512k", Byte, 512 * KiB},
		{"512K", MiB, 512 * KiB},
		{"1m", Byte, MiB},
		{"1M", GiB, MiB},
		{"2g", Byte, 2 * GiB},
		{"9223372036854775807", Byte, math.MaxInt64},
	}
	for _, tt := range tests {
		got, err := ParseSize(tt.text, tt.unit)
		if err != nil || got != tt.want {
			t.Errorf("ParseSize(%q, %v) = %v, %v; want %v", tt.text, tt.unit, got, err, tt.want)
		}
	}
}

func TestParseSizeRefuses(t *testing.T) {
	for _, text := range []string{
		"", "k", "-1", "+1", "1kk", "1kb", "1.5m", "1 m", " 1", "0x10", "1e3", "m1", "1t",
		"9223372036854775808", "9223372036854775807k", "8589934592g", "99999999999999999999",
	} {
		if got, err := ParseSize(text, Byte); err == nil {
			t.Errorf("ParseSize(%q) = %v; want an error", text, got)
		}
	}
}

func TestSizeString(t *testing.T) {
	tests := map[Size]string{
		0: "0b", 1: "1b", 1000: "1000b", KiB: "1k", 1536: "1536b", 1536 * KiB: "1536k",
		64 * MiB: "64m", 1024 * MiB: "1g", 3 * GiB: "3g", math.MaxInt64: "9223372036854775807b",
	}
	for size, want := range tests {
		if got := size.String(); got != want {
			t.Errorf("Size(%d).String() = %q; want %q", int64(size), got, want)
		}
	}
}

// What String writes reads back as the same size, whatever the unit.
func TestSizeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := Size(rapid.Int64Range(0, math.MaxInt64).Draw(t, "size"))
		unit := rapid.SampledFrom([]Size{Byte, KiB, MiB, GiB}).Draw(t, "unit")
		got, err := ParseSize(size.String(), unit)
		if err != nil || got != size {
			t.Fatalf("ParseSize(%q) = %v, %v; want %d", size.String(), got, err, int64(size))
		}
	})
}
