package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/memactor/memactor/gateway/internal/protocol"
	"github.com/memactor/memactor/gateway/internal/session"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// conn is one client's connection. Only its goroutine touches it, but for due
// (patrol) and Reply (links).
type conn struct {
	srv     *Server
	net     net.Conn
	raw     syscall.RawConn
	out     io.Writer // net, or TLS over it
	secure  *secure   // nil without TLS
	session *session.Session
	in      input
	wake    chan struct{} // holds a token when the round's last reply is in
	need    int           // of the session, when due was set
	due     atomic.Int64  // second after which patrol closes; 0: none
	idle    atomic.Int64  // the same for a connection without a command

	replies, request lease         // memory of the round's values, and of a large command that comes in
	steps            atomic.Uint64 // rounds that were answered
	waits            atomic.Bool   // for memory: it is not the client that is slow
	seen             uint64        // steps when patrol looked last; patrol's, as the next three
	held             bool          // whether it held memory then
	stuck, cut       bool          // no step since then, and memory held; closed for that
	expired          atomic.Bool   // patrol has closed it for being idle

	// What people are told of it.
	activity  atomic.Int32 // an activity
	last      atomic.Int64 // second of the last command
	pipelined bool         // what was read began with other commands than the present one
}

var errNotSocket = errors.New("not a socket")

func newConn(s *Server, nc net.Conn) (*conn, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("%w: %T", errNotSocket, nc)
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &conn{
		srv: s, net: nc, raw: raw, out: nc, wake: make(chan struct{}, 1),
		session: session.New(s.opts.Limits, s.opts.Version, s.opts.Protocol),
	}
	if s.opts.Auth != nil {
		c.session.Guard(s.opts.Auth.Check)
	}
	return c, nil
}

// serve runs the connection to its end.
func (c *conn) serve() {
	err := c.loop()
	c.in.release()
	if err == nil {
		c.linger()
	}
	c.end(err)
}

// end closes the connection; nothing of it is left then.
func (c *conn) end(err error) {
	c.srv.watchers.tell(c, c.reason(err))
	_ = c.net.Close()
	c.request.release(&c.srv.budget)
	c.srv.opts.Log.Debug().Err(err).Stringer("client", c.net.RemoteAddr()).Msg("connection closed")
	c.srv.forget(c)
}

// The bounds of linger.
const (
	lingerTime  = time.Second
	lingerBytes = 4 << 20
)

// linger ends the answers and drops what the client still sends, for a while: to
// close with bytes unread resets the connection, and the client might lose its
// last answers.
func (c *conn) linger() {
	if c.closeWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.net, lingerBytes)
}

func (c *conn) loop() error {
	for !c.session.Closing() {
		c.expect(&c.idle, c.srv.opts.Timeouts.Idle)
		if err := c.makeRoom(); err != nil {
			return err
		}
		n, err := c.fill()
		if err != nil {
			return err
		}
		c.idle.Store(0)
		c.srv.counts.bytesRead.Add(uint64(n))
		c.last.Store(c.srv.now.Load())
		c.activity.Store(int32(executing))
		if err := c.rounds(); err != nil {
			return err
		}
		c.activity.Store(int32(c.waitsFor()))
		c.awaitRest()
	}
	return nil
}

// errMemory ends a connection whose command finds no memory.
var errMemory = errors.New("no memory for the command")

// makeRoom borrows what the next fill makes the input larger.
func (c *conn) makeRoom() error {
	if c.in.extra() == 0 {
		c.request.release(&c.srv.budget)
	}
	more := int64(c.in.growth())
	if more == 0 || c.request.hold(&c.srv.budget, more) {
		return nil
	}
	c.waits.Store(true)
	defer c.waits.Store(false)
	if c.srv.budget.try(memoryPatience, func() bool { return c.request.hold(&c.srv.budget, more) }) {
		return nil
	}
	if err := c.write(protocol.AppendError(nil, protocol.ErrNoMemory)); err != nil {
		return err
	}
	return errMemory
}

func (c *conn) fill() (int, error) {
	if c.secure != nil {
		return c.fillSecure()
	}
	return c.in.fill(c.raw)
}

// rounds answers all commands that have been read.
func (c *conn) rounds() error {
	m := takeMemory()
	defer m.release()
	defer c.replies.release(&c.srv.budget)
	for c.pipelined = false; !c.session.Closing(); c.pipelined = true {
		c.in.taken(c.session.Advance(c.in.unread(), &m.round))
		if m.round.Empty() {
			return nil
		}
		yields := m.round.Commands() == c.srv.opts.Limits.Commands && len(c.in.unread()) > 0
		if err := c.execute(m); err != nil {
			return err
		}
		if err := c.answer(m); err != nil {
			return err
		}
		c.replies.release(&c.srv.budget)
		c.steps.Add(1)
		if yields {
			c.srv.counts.yields.Add(1)
			runtime.Gosched()
		}
	}
	return nil
}

// answer writes the round's answers: mostly at once, and large ones in parts, so that
// they are not all held twice.
func (c *conn) answer(m *memory) error {
	for more := true; more; {
		m.out, more = c.session.Compose(m.out[:0], writeChunk)
		if err := c.write(m.out); err != nil {
			return err
		}
	}
	return nil
}

// execute delivers the round's calls and waits for the replies, which come within the
// cluster's time-outs; a round that is a barrier is executed and answered.
func (c *conn) execute(m *memory) error {
	if cmd := c.session.Barrier(); cmd != nil {
		return c.barrier(cmd, m)
	}
	calls := c.session.Calls()
	if len(calls) == 0 {
		return nil
	}
	c.srv.budget.await(int64(c.session.Expected()))
	for i := range calls {
		if calls[i].Has(shardv1.Option_OPTION_UNCOUNTED) {
			c.srv.counts.debugged.Add(1) // the nodes do not count it, by its name
		}
		c.srv.opts.Cluster.Submit(&calls[i], c, uint64(i))
	}
	<-c.wake
	return nil
}

// Reply makes the connection the client.Sink of its calls.
func (c *conn) Reply(tag uint64, r *wire.Reply) {
	if len(r.Value) > 0 && !c.replies.hold(&c.srv.budget, int64(len(r.Value))) {
		r = &wire.Reply{Status: shardv1.Status_STATUS_BUSY, Message: "the gateway has no memory for the value"}
	}
	if c.session.Reply(int(tag), r) {
		c.wake <- struct{}{}
	}
}

// writeChunk is how much is written before the client's progress is looked at.
const writeChunk = 256 << 10

// write sends all of b. A client that takes nothing for long is closed by patrol.
func (c *conn) write(b []byte) error {
	for len(b) > 0 {
		c.setDue(c.srv.opts.Timeouts.Write)
		n, err := c.out.Write(b[:min(len(b), writeChunk)])
		c.srv.counts.bytesWritten.Add(uint64(n))
		if err != nil {
			return err
		}
		b = b[n:]
	}
	c.due.Store(0)
	return nil
}

// awaitRest sets the time limit of a command of which a part has been read. It
// begins with the first part, and again with a data block, and is not moved by
// further parts.
func (c *conn) awaitRest() {
	t, need := c.srv.opts.Timeouts, c.session.Need()
	switch {
	case !c.session.Partial(len(c.in.unread())):
		c.due.Store(0)
	case (c.due.Load() == 0 || need != c.need) && t.Partial > 0:
		c.setDue(t.Partial + time.Duration(need/max(t.BodyRate, 1))*time.Second)
	}
	c.need = need
}

func (c *conn) setDue(limit time.Duration) { c.expect(&c.due, limit) }

// expect sets the second after which patrol closes; a limit of 0 sets none.
func (c *conn) expect(due *atomic.Int64, limit time.Duration) {
	if limit > 0 {
		due.Store(c.srv.now.Load() + int64(limit/time.Second) + 1)
	}
}

// checkDue closes the connection when its time is over; its goroutine then ends.
func (c *conn) checkDue(now int64) {
	switch {
	case over(&c.due, now):
		c.srv.counts.timedOut.Add(1)
	case over(&c.idle, now):
		c.srv.counts.idleKicks.Add(1)
		c.expired.Store(true)
	default:
		return
	}
	_ = c.net.Close()
}

// over says whether the time is over, and if so only once.
func over(due *atomic.Int64, now int64) bool {
	second := due.Load()
	return second != 0 && now > second && due.CompareAndSwap(second, 0)
}
