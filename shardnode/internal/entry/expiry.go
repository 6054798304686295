package entry

const (
	// maxRelative is the longest exptime, in seconds, that counts from now; a
	// larger one is a Unix time (protocol.txt, "Expiration times").
	maxRelative = 30 * 24 * 60 * 60
	// longPast is an Expires that has come at any time.
	longPast = 1
)

// Expiry turns memcached's exptime into the Unix second of an Entry's Expires: 0
// is never, a negative one has come, up to 30 days count from now.
func Expiry(exptime, now int64) int64 {
	switch {
	case exptime == 0:
		return 0
	case exptime < 0:
		return longPast
	case exptime <= maxRelative:
		return now + exptime
	}
	return exptime
}

// left is the seconds until an Expires comes; -1: it never does.
func left(expires, now int64) int64 {
	if expires == 0 {
		return -1
	}
	return max(expires-now, 0)
}
