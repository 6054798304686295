package shard

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOf(t *testing.T) {
	// From the xxhash64 specification: the hash of "" is ef46db3751d8e999.
	for bits, want := range map[uint]ID{0: 0, 1: 1, 4: 0xe, 10: 0xef46 >> 6, 16: 0xef46} {
		if got := Of(nil, bits); got != want {
			t.Errorf("Of(\"\", %d) = %#x, want %#x", bits, got, want)
		}
	}
}

// Doubling the shards splits each in two neighbours: a key's shard among 2^k is
// half of that among 2^(k+1).
func TestOfSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOf(rapid.Byte()).Draw(t, "key")
		bits := rapid.UintRange(0, 15).Draw(t, "bits")
		if Of(key, bits) != Of(key, bits+1)/2 {
			t.Fatalf("%v", key)
		}
	})
}

func TestOfSpreads(t *testing.T) {
	const keys, bits = 100_000, 4
	var counts [1 << bits]int
	for i := range keys {
		counts[Of([]byte{byte(i), byte(i >> 8), byte(i >> 16)}, bits)]++
	}
	for id, n := range counts {
		if mean := keys >> bits; n < mean*9/10 || n > mean*11/10 {
			t.Errorf("shard %d has %d keys of a mean of %d", id, n, mean)
		}
	}
}

func TestBits(t *testing.T) {
	for shards, want := range map[int]uint{1: 0, 2: 1, 1024: 10, 65536: 16} {
		if got, err := Bits(shards); err != nil || got != want {
			t.Errorf("Bits(%d) = %d, %v", shards, got, err)
		}
	}
	for _, shards := range []int{-1, 0, 3, 1000, 65537, 131072} {
		if _, err := Bits(shards); err == nil {
			t.Errorf("Bits(%d) is no error", shards)
		}
	}
}

func TestEpochBase(t *testing.T) {
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	if got := EpochBase(day(2025, 1, 1)); got != 1 {
		t.Errorf("at zero: %d", got)
	}
	if got := EpochBase(day(1970, 1, 1)); got != 1 {
		t.Errorf("with a clock that is not set: %d", got)
	}
	if got := EpochBase(day(2026, 1, 1)); got != 365*86_400_000>>16 {
		t.Errorf("in 2026: %d", got)
	}
	if got := EpochBase(day(2059, 1, 1)); got > MaxEpoch {
		t.Errorf("in 2059: %d, over %d", got, MaxEpoch)
	}
}

func BenchmarkOf(b *testing.B) {
	key := []byte("user:1234567890:profile")
	b.ReportAllocs()
	for b.Loop() {
		Of(key, 10)
	}
}
