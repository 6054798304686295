package load

import (
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// worker is one event loop over its share of the connections. All but answers belongs to the goroutine that runs it.
type worker struct {
	gauge
	epoll int
	conns []conn
	open  int // conns that are still of use
}

// conn is a lane and its socket.
type conn struct {
	*lane
	index   int    // in the worker's conns; epoll gives it back with each event
	fd      int    // -1 once closed
	watched uint32 // the epoll events asked for
}

func newWorker(timeout time.Duration) (*worker, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	return &worker{gauge: newGauge(timeout), epoll: epoll}, nil
}

// connect opens one more connection.
func (w *worker) connect(network, address string, l *lane) error {
	fd, err := dial(network, address, w.timeout)
	if err != nil {
		return err
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(w.conns))}
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return errors.Join(fmt.Errorf("epoll_ctl: %w", err), unix.Close(fd))
	}
	w.conns = append(w.conns, conn{lane: l, index: len(w.conns), fd: fd, watched: unix.EPOLLIN})
	w.open++
	return nil
}

// run sends what the lanes' sources give until they are at their end or stop says so, and then awaits what is in flight.
// All connections are closed at its end. It may be called once.
func (w *worker) run(stop func() bool) error {
	defer w.release()
	w.start()
	for i := range w.conns {
		w.pump(&w.conns[i], w.now())
	}
	events := make([]unix.EpollEvent, 256)
	for nextCheck := int64(0); w.open > 0; {
		n, err := waitForEvents(w.epoll, events)
		if err != nil {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for i := range events[:n] {
			w.serve(&w.conns[events[i].Fd])
		}
		w.publish()
		if now := w.now(); now >= nextCheck {
			nextCheck = now + int64(checkEvery)
			w.check(stop(), now)
		}
	}
	w.finish()
	return nil
}

// serve reads what a connection has received, and sends as many commands as were answered.
func (w *worker) serve(c *conn) {
	if c.fd < 0 {
		return // closed by an earlier event of the same wait
	}
	n, err := read(c.fd, c.room())
	now := w.now()
	if n > 0 && c.received(n, now) != nil {
		w.close(c)
		return
	}
	if err != nil && !errors.Is(err, unix.EAGAIN) {
		w.fail(c, err)
		return
	}
	w.pump(c, now)
}

// pump fills the window and writes, until either the window or the socket is full.
func (w *worker) pump(c *conn, now int64) {
	for c.fill(now); len(c.unwritten()) > 0; c.fill(now) {
		n, err := unix.Write(c.fd, c.unwritten())
		c.wrote(max(n, 0))
		if errors.Is(err, unix.EAGAIN) {
			w.watch(c, unix.EPOLLIN|unix.EPOLLOUT)
			return
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			w.fail(c, err)
			return
		}
	}
	if c.idle() {
		w.close(c)
		return
	}
	w.watch(c, unix.EPOLLIN)
}

// watch asks for other events than before: writable only while there is something to write.
func (w *worker) watch(c *conn, events uint32) {
	if c.watched == events {
		return
	}
	event := unix.EpollEvent{Events: events, Fd: int32(c.index)}
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_MOD, c.fd, &event); err != nil {
		w.fail(c, err)
		return
	}
	c.watched = events
}

// check does what is not driven by events: the end of the run, and connections that have been silent for too long.
func (w *worker) check(stop bool, now int64) {
	if stop {
		w.finish()
	}
	for i := range w.conns {
		c := &w.conns[i]
		if c.fd < 0 {
			continue
		}
		if stop {
			c.end()
		}
		sent, waits := c.oldest()
		switch {
		case c.idle():
			w.close(c)
		case waits && now-sent > int64(w.timeout):
			w.fail(c, fmt.Errorf("%w within %v", errSilent, w.timeout))
		}
	}
}

func (w *worker) fail(c *conn, err error) {
	w.broken++
	w.faultf("connection: %v", err)
	w.close(c)
}

func (w *worker) close(c *conn) {
	c.lost()
	_ = unix.Close(c.fd) // nothing is buffered, and epoll forgets a closed descriptor
	c.fd = -1
	w.open--
}

// release closes what an early return left open.
func (w *worker) release() {
	for i := range w.conns {
		if w.conns[i].fd >= 0 {
			w.close(&w.conns[i])
		}
	}
	_ = unix.Close(w.epoll)
}

// read is one read of a non-blocking socket; its end is io.EOF.
func read(fd int, into []byte) (int, error) {
	n, err := unix.Read(fd, into)
	switch {
	case n == 0 && err == nil:
		return 0, io.EOF
	case errors.Is(err, unix.EINTR):
		return 0, unix.EAGAIN
	default:
		return max(n, 0), err
	}
}
