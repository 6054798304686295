package region

import "sync/atomic"

// shift is what MoveClock has done to the clock by which entries expire. The zero
// shift is none.
type shift struct {
	offset  atomic.Int64 // seconds
	stopped atomic.Int64 // Unix second at which the clock stands, without offset; 0: it goes
}

// of is the time that the clock shows when it is really now, in Unix seconds.
func (s *shift) of(now int64) int64 {
	if at := s.stopped.Load(); at != 0 {
		now = at
	}
	return now + s.offset.Load()
}

// MoveClock moves the clock by which entries expire, by some seconds, and returns all
// seconds by which it has been moved, and the Unix second that it shows. It is for
// tests; batches that are being delivered may go by the old time.
func (r *Region) MoveClock(seconds int64) (offset, now int64) {
	offset = r.shift.offset.Add(seconds)
	return offset, r.now()
}

// StopClock makes that clock stand still, or go on as if it never had.
func (r *Region) StopClock(stop bool) {
	switch {
	case !stop:
		r.shift.stopped.Store(0)
	default:
		r.shift.stopped.CompareAndSwap(0, r.opts.Now().Unix())
	}
}
