package entry

import (
	"math"
	"strconv"
)

// count is incr and decr. incr wraps at 2^64, decr stops at 0. A result that fits is
// written over the old value, and leaves the entry's marks as they are.
func count(a Actor, m *Message, t *Turn) Outcome {
	e := a.Entry
	if len(e.Value) > 0 && m.differs(&e) {
		return keep(a, Exists)
	}
	n, ok := parseNumber(e.Value)
	if !ok {
		return keep(a, NonNumeric)
	}
	e.Value = formatNumber(t, m.counted(n), len(e.Value))
	e.Accessed = uint32(t.Now)
	if len(e.Value) > len(a.Entry.Value) {
		e.Marks = 0
	}
	if m.Options.Has(Touch) {
		e.Expires = Expiry(m.Exptime, t.Now)
	}
	o := store(e, m, t)
	o.Reply.Number = m.counted(n)
	return o
}

// counted is n after the message.
func (m *Message) counted(n uint64) uint64 {
	switch {
	case m.Op == OpIncr:
		return n + m.Delta
	case m.Delta > n:
		return 0
	}
	return n - m.Delta
}

// formatNumber writes n into the scratch. memcached writes a shorter result over
// the old value and fills it up with spaces: 9 after 10 is read as "9 ".
func formatNumber(t *Turn, n uint64, width int) []byte {
	b := strconv.AppendUint(t.Scratch[:0], n, 10)
	for len(b) < width {
		b = append(b, ' ')
	}
	t.Scratch = b
	return b
}

// parseNumber reads a value as memcached does, with C's strtoull: white space, a
// sign, digits, and behind them the end, white space with anything after it, or a
// NUL. A minus is let through where the result, as an int64, is not negative.
func parseNumber(v []byte) (uint64, bool) {
	for len(v) > 0 && isSpace(v[0]) {
		v = v[1:]
	}
	negative := false
	if len(v) > 0 && (v[0] == '-' || v[0] == '+') {
		negative = v[0] == '-'
		v = v[1:]
	}
	n, digits, ok := parseDigits(v)
	ended := digits == len(v) || isSpace(v[digits]) || v[digits] == 0
	if !ok || digits == 0 || !ended {
		return 0, false
	}
	if negative {
		n = -n
		return n, n <= math.MaxInt64
	}
	return n, true
}

// parseDigits reads the decimal digits at the front of v; false: over 64 bits.
func parseDigits(v []byte) (n uint64, digits int, ok bool) {
	for digits < len(v) && v[digits]-'0' <= 9 {
		d := uint64(v[digits] - '0')
		if n > (math.MaxUint64-d)/10 {
			return 0, digits, false
		}
		n = n*10 + d
		digits++
	}
	return n, digits, true
}

// isSpace is C's isspace.
func isSpace(c byte) bool { return c == ' ' || c-'\t' <= '\r'-'\t' }
