package load

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysAndValuesLookLikeThis(t *testing.T) {
	data := newDataset(1000, 20)
	if got := string(data.appendKey(nil, 42)); got != "b20-000000042" {
		t.Errorf("key %q", got)
	}
	if got := string(data.appendValue(nil, 42)); got != "000000042jklmnopqrst" {
		t.Errorf("value %q", got)
	}
}

func TestAValueShorterThanItsMarkerKeepsTheLastDigits(t *testing.T) {
	data := newDataset(1000, 2)
	if got := string(data.appendValue(nil, 742)); got != "42" {
		t.Errorf("value %q", got)
	}
	if !data.holds(742, []byte("42")) || data.holds(742, []byte("41")) {
		t.Error("holds is wrong")
	}
}

// anyDataset draws a dataset and one of its keys.
func anyDataset(t *rapid.T) (*dataset, uint32) {
	keys := rapid.IntRange(1, maxKeys).Draw(t, "keys")
	size := rapid.IntRange(1, 300).Draw(t, "size")
	return newDataset(keys, size), uint32(rapid.IntRange(0, keys-1).Draw(t, "key"))
}

func TestIndexIsTheInverseOfAppendKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, key := anyDataset(t)
		text := data.appendKey([]byte("before "), key)[len("before "):]
		if got, ok := data.index(text); !ok || got != key || len(text) != data.keyLen() {
			t.Fatalf("%q: %d %v", text, got, ok)
		}
	})
}

func TestIndexKnowsForeignKeys(t *testing.T) {
	data := newDataset(1000, 20)
	for _, key := range []string{
		"", "b20-", "b20-00000004", "b20-0000000042", "b21-000000042", "b20-00000004x", "b20-000001000", "x20-000000042",
	} {
		if got, ok := data.index([]byte(key)); ok {
			t.Errorf("%q is taken for %d", key, got)
		}
	}
}

func TestHoldsSeesEveryChangedByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, key := anyDataset(t)
		value := data.appendValue(nil, key)
		if !data.holds(key, value) {
			t.Fatalf("the value itself is not taken: %q", value)
		}
		for i := range value {
			value[i] ^= 1
			if data.holds(key, value) {
				t.Fatalf("byte %d changed, and taken: %q", i, value)
			}
			value[i] ^= 1
		}
		if data.holds(key, value[1:]) || data.holds(key, append(bytes.Clone(value), 'x')) {
			t.Fatal("another length is taken")
		}
	})
}

func TestValuesOfDifferentKeysDiffer(t *testing.T) {
	data := newDataset(1000, digits)
	seen := make(map[string]bool)
	for key := range uint32(1000) {
		seen[string(data.appendValue(nil, key))] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d values", len(seen))
	}
}

func TestDigits(t *testing.T) {
	for _, number := range []uint32{0, 1, 9, 10, 123456789, 999999999} {
		text := appendDigits(nil, number)
		back, ok := parseDigits(text)
		if string(text) != fmt.Sprintf("%09d", number) || back != number || !ok {
			t.Errorf("%d: %q %d %v", number, text, back, ok)
		}
	}
}
