package service

import (
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/memactor/memactor/protos/wire"
)

// maxLate bounds the late replies in bytes that wait for a stream that is not read.
// Over it the stream is broken: the actors cannot wait, and memory is not endless.
const maxLate = 64 << 20

// late is the replies of a stream to mail: they come from any goroutine, when the
// batch of their envelope has long been answered. While there are some they have a
// goroutine that sends them.
type late struct {
	stream *stream
	broken chan error // holds the reason to break the stream

	mu      sync.Mutex // guards all below
	out     outbox
	owed    int // mail without a reply; below 0 while a reply is ahead of expect
	pushing bool
	dead    bool // replies go nowhere any more
	settled *sync.Cond
}

func (l *late) init(st *stream) {
	l.stream, l.broken = st, make(chan error, 1)
	l.settled = sync.NewCond(&l.mu)
}

// expect notes that an envelope will be answered late.
func (l *late) expect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed++
}

// settle waits until all mail is answered and sent.
func (l *late) settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.owed > 0 || l.pushing {
		l.settled.Wait()
	}
	return nil
}

// tardy is the stream as the Sink of replies to mail.
type tardy stream

func (t *tardy) Reply(shard uint32, r *wire.Reply) {
	t.refusals.note(shard, r)
	t.late.add(r)
}

func (l *late) add(r *wire.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed--
	switch {
	case l.dead:
	case l.out.bytes > maxLate:
		l.kill(status.Error(codes.ResourceExhausted, "replies are not read"))
	default:
		l.out.add(r)
		if !l.pushing {
			l.pushing = true
			go l.push()
		}
	}
	l.wake()
}

// push sends late replies until there are none.
func (l *late) push() {
	for m, ok := l.take(); ok; m, ok = l.take() {
		if err := l.stream.send(&m); err != nil {
			l.fail(err)
		}
	}
}

// take is the next message to push; false ends the pushing.
func (l *late) take() (wire.Replies, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, ok := l.out.take(true)
	l.pushing = ok
	l.wake()
	return m, ok
}

// wake tells those who settle, if there is nothing left. mu is held.
func (l *late) wake() {
	if l.owed <= 0 && !l.pushing {
		l.settled.Broadcast()
	}
}

func (l *late) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kill(err)
}

// kill drops what there is and what comes, and breaks the stream. mu is held.
func (l *late) kill(err error) {
	l.dead = true
	l.out.clear()
	select {
	case l.broken <- err:
	default:
	}
}

// end says that the stream is over: mail that is still answered goes nowhere.
func (l *late) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	l.out.clear()
}
