package protocol

import (
	"fmt"
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	for _, test := range []struct {
		buf, line string
		n         int
		ok        bool
	}{
		{"", "", 0, false},
		{"\r", "", 0, false},
		{"get a", "", 0, false},
		{"get a\r", "", 0, false},
		{"\n", "", 1, true},
		{"\r\n", "", 2, true},
		{"\r\r\n", "\r", 3, true},
		{"get a\n", "get a", 6, true},
		{"get a\r\n", "get a", 7, true},
		{"get a\r\nget b\r\n", "get a", 7, true},
		{"a\rb\n", "a\rb", 4, true},
		{"\x00\x00\n", "\x00\x00", 3, true},
	} {
		line, n, ok := Line([]byte(test.buf))
		if string(line) != test.line || n != test.n || ok != test.ok {
			t.Errorf("Line(%q) = %q, %d, %v; want %q, %d, %v", test.buf, line, n, ok, test.line, test.n, test.ok)
		}
	}
}

func TestTooLong(t *testing.T) {
	spaces := func(n int) string { return strings.Repeat(" ", n) }
	for _, test := range []struct {
		start string // padded with x to length
		size  int
		want  bool
	}{
		{"", 2048, false},
		{"", 2049, true},
		{"get ", 2049, false},
		{"gets ", 2049, false},
		{"get ", 1 << 20, false},
		{"get", 2049, true},
		{"getx ", 2049, true},
		{"gat ", 2049, true},
		{"gats ", 2049, true},
		{"GET ", 2049, true},
		{"set ", 2049, true},
		{"get\t", 2049, true},
		{spaces(100) + "get ", 2049, false},
		{spaces(101) + "get ", 2049, true},
		{spaces(2049), 2049, true},
		{"get" + spaces(3000), 3003, false},
	} {
		buf := []byte(test.start + strings.Repeat("x", test.size-len(test.start)))
		if got := TooLong(buf); got != test.want {
			t.Errorf("TooLong(%.110q, %d bytes) = %v", test.start, test.size, got)
		}
	}
}

// TestNextKey compares with the standard library's idea of words.
func TestNextKey(t *testing.T) {
	for _, keys := range []string{"", " ", "a", " a", "a ", "  a  b   c ", "a\tb", "\x00 \xff", strings.Repeat("k ", 5000)} {
		got := fmt.Sprintf("%q", splitKeys([]byte(keys)))
		want := fmt.Sprintf("%q", strings.FieldsFunc(keys, func(r rune) bool { return r == ' ' }))
		if got != want {
			t.Errorf("%q: %s, want %s", keys, got, want)
		}
	}
}

// TestNextKeyIsSafeToAppendTo: a caller that appends to a key must not write over what follows it.
func TestNextKeyIsSafeToAppendTo(t *testing.T) {
	keys := []byte("a b")
	key, _ := NextKey(keys)
	_ = append(key, "xyz"...)
	if string(keys) != "a b" {
		t.Errorf("the line is now %q", keys)
	}
}

// TestManyKeys is a get of 70,000 copies of one key: each comes out.
func TestManyKeys(t *testing.T) {
	const copies = 70_000
	line := []byte("get" + strings.Repeat(" key", copies))
	var c Command
	if err := Parse(line, &c); err != OK {
		t.Fatal(err)
	}
	if n := countKeys(c.Keys); n != copies {
		t.Errorf("%d keys", n)
	}
}

// countKeys walks keys as a caller does.
func countKeys(keys []byte) (n int) {
	for key, rest := NextKey(keys); len(key) > 0; key, rest = NextKey(rest) {
		n++
	}
	return n
}
