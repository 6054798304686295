package daemon

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written as memcached writes it: a number with one
// of the suffixes b, k, m, g in either case. What a number without a suffix
// means is up to the setting (memcached: megabytes for -m, bytes for -I), see
// [ParseSize] and the `unit` tag.
type Size int64

// The units of [Size].
const (
	Byte Size = 1
	KiB       = 1024 * Byte
	MiB       = 1024 * KiB
	GiB       = 1024 * MiB
)

// ParseSize reads a size; unit is what a number without a suffix counts.
// Negative sizes and those beyond an int64 are errors.
func ParseSize(text string, unit Size) (Size, error) {
	digits := strings.TrimRight(text, "bBkKmMgG")
	if suffix := text[len(digits):]; suffix != "" {
		named, ok := unitOf(suffix)
		if !ok {
			return 0, fmt.Errorf("%q is not a size", text)
		}
		unit = named
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size", text)
	}
	if n > math.MaxInt64/uint64(unit) {
		return 0, fmt.Errorf("%q is too large a size", text)
	}
	return Size(n) * unit, nil
}

func unitOf(suffix string) (Size, bool) {
	switch strings.ToLower(suffix) {
	case "b":
		return Byte, true
	case "k":
		return KiB, true
	case "m":
		return MiB, true
	case "g":
		return GiB, true
	}
	return 0, false
}

// String is the shortest exact form, always with a suffix, so that it reads
// back as the same size whatever the unit of the setting is.
func (s Size) String() string {
	switch {
	case s != 0 && s%GiB == 0:
		return fmt.Sprintf("%dg", s/GiB)
	case s != 0 && s%MiB == 0:
		return fmt.Sprintf("%dm", s/MiB)
	case s != 0 && s%KiB == 0:
		return fmt.Sprintf("%dk", s/KiB)
	}
	return fmt.Sprintf("%db", int64(s))
}
