package load

import (
	"bytes"
	"strconv"
)

// dataset is the key space of a run: keys of one width, and for each key one value that can be computed from the key,
// so that a reply is checked without remembering anything. It is immutable and shared by all connections.
//
// The size of the values is in the key ("b100-00000042"): runs with different sizes never read each other's values.
type dataset struct {
	prefix   []byte
	sizeText []byte // of a value, in decimal
	filler   []byte // one value's worth; a value is the key's digits and then the filler from there on
	keys     uint32
}

// digits is the width of a key's number; maxKeys fits.
const digits = 9

func newDataset(keys, size int) *dataset {
	filler := make([]byte, size)
	for i := range filler {
		filler[i] = 'a' + byte(i%26)
	}
	return &dataset{
		prefix:   []byte("b" + strconv.Itoa(size) + "-"),
		sizeText: strconv.AppendInt(nil, int64(size), 10),
		filler:   filler,
		keys:     uint32(keys),
	}
}

func (d *dataset) keyLen() int { return len(d.prefix) + digits }

// marker is how many bytes of a value name its key: all digits, or the last ones where the value is shorter.
func (d *dataset) marker() int { return min(digits, len(d.filler)) }

func (d *dataset) appendKey(dst []byte, key uint32) []byte {
	return appendDigits(append(dst, d.prefix...), key)
}

func (d *dataset) appendValue(dst []byte, key uint32) []byte {
	var number [digits]byte
	all := appendDigits(number[:0], key)
	dst = append(dst, all[digits-d.marker():]...)
	return append(dst, d.filler[d.marker():]...)
}

// appendBlock ends the line of a set, and appends the data block behind it.
func (d *dataset) appendBlock(dst []byte, key uint32) []byte {
	return append(d.appendValue(append(dst, "\r\n"...), key), "\r\n"...)
}

// index is the inverse of appendKey; false for a key that is not of this dataset.
func (d *dataset) index(key []byte) (uint32, bool) {
	if len(key) != d.keyLen() || !bytes.HasPrefix(key, d.prefix) {
		return 0, false
	}
	number, ok := parseDigits(key[len(d.prefix):])
	return number, ok && number < d.keys
}

// holds tells whether value is, in every byte, the value of key.
func (d *dataset) holds(key uint32, value []byte) bool {
	if len(value) != len(d.filler) {
		return false
	}
	var number [digits]byte
	all := appendDigits(number[:0], key)
	m := d.marker()
	return bytes.Equal(value[:m], all[digits-m:]) && bytes.Equal(value[m:], d.filler[m:])
}

// appendDigits appends number with leading zeros, digits wide.
func appendDigits(dst []byte, number uint32) []byte {
	end := len(dst) + digits
	dst = append(dst, "000000000"...)
	for i := end - 1; number > 0; i-- {
		dst[i] = '0' + byte(number%10)
		number /= 10
	}
	return dst
}

func parseDigits(text []byte) (uint32, bool) {
	number := uint32(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		number = number*10 + uint32(c-'0')
	}
	return number, true
}
