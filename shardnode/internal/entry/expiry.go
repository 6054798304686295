package entry

import "math"

const (
	// maxRelative is the longest exptime, in seconds, that counts from now; a
	// larger one is a Unix time (protocol.txt, "Expiration times").
	maxRelative = 30 * 24 * 60 * 60
	// longPast is an Expires that has come at any time.
	longPast = 1
)

// Expiry turns memcached's exptime into the Unix second of an Entry's Expires: 0
// is never, a negative one has come, up to 30 days count from now. Beyond 2106 is 2106.
func Expiry(exptime, now int64) uint32 {
	switch {
	case exptime == 0:
		return 0
	case exptime < 0:
		return longPast
	case exptime <= maxRelative:
		exptime += now
	}
	return uint32(min(exptime, math.MaxUint32))
}

// left is the seconds until an Expires comes; -1: it never does.
func left(expires uint32, now int64) int64 {
	if expires == 0 {
		return -1
	}
	return max(int64(expires)-now, 0)
}
