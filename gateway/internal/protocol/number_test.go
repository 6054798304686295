package protocol

import "testing"

// numbers are words that C and Go, and strict and loose reading, see differently.
var numbers = []string{
	"", "0", "1", "01", "-0", "-1", "-", "+", "+1", "++1", "+-1", "--1", "x", "1x", "0x1", "1e3", "1.0",
	"00000000001", "000000000001", "00000000000000000000000000000001",
	"2147483645", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"18446744073709551615", "18446744073709551616", "18446744073709551620", "-18446744073709551615", "-18446744073709551616",
	"99999999999999999999", "184467440737095516150", "340282366920938463463374607431768211456",
	"\t1", "1\t", "\v\f\r1", "1\tx", "\t", "1\x00", "\x001", "1\x85", "1\xa0", "\x1f1", "\u0661",
}

// TestNumbers compares every reader with the oracle's.
func TestNumbers(t *testing.T) {
	for _, word := range numbers {
		v, ok := strictInt32([]byte(word))
		if want := isStrict(word); ok != want || ok && int64(v) != number(word).Int64() {
			t.Errorf("strictInt32(%q) = %d, %v; want %d, %v", word, v, ok, number(word), want)
		}
		v, ok = looseInt32([]byte(word))
		if want, wantOK := long(word); ok != wantOK || ok && v != want {
			t.Errorf("looseInt32(%q) = %d, %v; want %d, %v", word, v, ok, want, wantOK)
		}
		u, ok := looseUint64([]byte(word))
		if want, wantOK := unsignedLong(word); ok != wantOK || ok && u != want {
			t.Errorf("looseUint64(%q) = %d, %v; want %d, %v", word, u, ok, want, wantOK)
		}
	}
}

// TestNumbersByHand pins the values that the oracle could get wrong in the same way. Those of looseUint64 and
// looseInt32 were checked against a running memcached.
func TestNumbersByHand(t *testing.T) {
	for word, want := range map[string]uint64{
		"+5": 5, "-0": 0, "\t5": 5, "5\tx": 5, "-18446744073709551615": 1, "-9223372036854775809": 1<<63 - 1,
		"18446744073709551615": 1<<64 - 1,
	} {
		if got, ok := looseUint64([]byte(word)); got != want || !ok {
			t.Errorf("looseUint64(%q) = %d, %v; want %d", word, got, ok, want)
		}
	}
	for word, want := range map[string]int32{
		"2147483647": 1<<31 - 1, "2147483648": -1 << 31, "4294967301": 5, "9223372036854775807": -1,
		"-9223372036854775808": 0, "-1": -1,
	} {
		if got, ok := looseInt32([]byte(word)); got != want || !ok {
			t.Errorf("looseInt32(%q) = %d, %v; want %d", word, got, ok, want)
		}
	}
	for word, want := range map[string]bool{
		"0": true, "4294967295": true, "00000000001": true,
		"": false, "-1": false, "+1": false, "4294967296": false, "000000000001": false, "x": false,
	} {
		if v, got := Uint32([]byte(word)); got != want || got && uint64(v) != number(word).Uint64() {
			t.Errorf("Uint32(%q) = %d, %v", word, v, got)
		}
	}
}
