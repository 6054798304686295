package protocol

import (
	"strings"
	"testing"
)

// BenchmarkParse is what each command costs before anything is done about it: to find its line, and to read it
// with all its keys.
func BenchmarkParse(b *testing.B) {
	for _, test := range []struct{ name, line string }{
		{"get", "get memtier-1234567"},
		{"gets100", "gets" + strings.Repeat(" memtier-1234567", 100)},
		{"set", "set memtier-1234567 0 0 100"},
		{"cas", "cas memtier-1234567 4294967295 2592000 1048576 18446744073709551615 noreply"},
		{"incr", "incr memtier-1234567 1"},
		{"unknown", "bogus memtier-1234567"},
	} {
		b.Run(test.name, func(b *testing.B) {
			buf := []byte(test.line + "\r\n")
			b.ReportAllocs()
			b.SetBytes(int64(len(buf)))
			var c Command
			for b.Loop() {
				line, _, _ := Line(buf)
				Parse(line, &c)
				countKeys(c.Keys)
			}
		})
	}
}

func BenchmarkAppendValue(b *testing.B) {
	buf, key, value := make([]byte, 0, 256), []byte("memtier-1234567"), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendValue(buf[:0], key, 0, value)
	}
}

func BenchmarkAppendValueCas(b *testing.B) {
	buf, key, value := make([]byte, 0, 256), []byte("memtier-1234567"), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendValueCas(buf[:0], key, 0, value, 1<<62)
	}
}
