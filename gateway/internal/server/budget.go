package server

import (
	"sync/atomic"
	"time"
)

// budget bounds the memory of values that are on their way to and from all clients
// together. Why it is as it is: docs/adr/0010-memory-of-values.md.
type budget struct {
	limit int64 // in bytes; 0: none
	lent  atomic.Int64
	short atomic.Bool // somebody was refused since patrol looked last
}

// take lends n bytes, or none.
func (b *budget) take(n int64) bool {
	if b.lent.Add(n) <= b.limit || b.limit == 0 {
		return true
	}
	b.lent.Add(-n)
	b.short.Store(true)
	return false
}

func (b *budget) give(n int64) { b.lent.Add(-n) }

// await waits a while until n bytes could be taken, of which those that are for
// nothing need not be. It is a courtesy: n is only a guess.
func (b *budget) await(n int64) {
	b.try(memoryCourtesy, func() bool {
		return b.limit == 0 || n <= freeBytes || b.lent.Load()+n-freeBytes <= b.limit
	})
}

// Those who wait for memory ask again and again: a shortage is rare, and nobody has to
// be woken up. The patience is more than patrol needs to make room.
const (
	memoryPatience = 5 * time.Second
	memoryCourtesy = time.Second
	memoryRetry    = 5 * time.Millisecond
)

// try asks until it is ok, within patience.
func (b *budget) try(patience time.Duration, ok func() bool) bool {
	if ok() {
		return true
	}
	for range patience / memoryRetry {
		b.short.Store(true)
		time.Sleep(memoryRetry)
		if ok() {
			return true
		}
	}
	return false
}

// lease is what one connection has of the budget, for one purpose. All but the first
// freeBytes of what it holds are lent, in steps, so that a connection with small
// values asks for nothing.
type lease struct {
	held, lent atomic.Int64
}

// freeBytes is what a connection holds for nothing, and the step in which it borrows.
const freeBytes = 64 << 10

// hold adds n bytes, or none if they cannot be lent. Several goroutines may hold.
func (l *lease) hold(b *budget, n int64) bool {
	held := l.held.Add(n)
	for {
		lent := l.lent.Load()
		missing := held - freeBytes - lent
		if missing <= 0 {
			return true
		}
		missing = (missing + freeBytes - 1) / freeBytes * freeBytes
		if !b.take(missing) {
			l.held.Add(-n)
			return false
		}
		if l.lent.CompareAndSwap(lent, lent+missing) {
			return true
		}
		b.give(missing)
	}
}

// release gives back all. Nobody may hold meanwhile.
func (l *lease) release(b *budget) {
	l.held.Store(0)
	if lent := l.lent.Swap(0); lent > 0 {
		b.give(lent)
	}
}

// relieve makes room, if there was a shortage, by closing connections that have held
// memory without an end of it since the last look, the largest first: they are those
// who do not read, or do not send. It is called by patrol.
func (s *Server) relieve() {
	if !s.budget.short.Swap(false) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for room := s.budget.limit / 2; room > 0; {
		worst := s.slowest()
		if worst == nil {
			return
		}
		room -= worst.lent()
		worst.cut = true
		s.counts.cutForMemory.Add(1)
		s.opts.Log.Warn().Stringer("client", worst.net.RemoteAddr()).Int64("bytes", worst.lent()).
			Msg("closed: it holds memory that others need")
		_ = worst.net.Close()
	}
}

// slowest is the connection that holds most, of those that do so since the last look.
// s.mu is held.
func (s *Server) slowest() *conn {
	var worst *conn
	for c := range s.conns {
		if !c.cut && c.stuck && (worst == nil || c.lent() > worst.lent()) {
			worst = c
		}
	}
	return worst
}

// look notes whether the connection has held memory since the last look, and its client
// has not got on. It is called by patrol, each second.
func (c *conn) look() {
	steps, holds := c.steps.Load(), c.lent() > 0 && !c.waits.Load()
	c.stuck = holds && c.held && steps == c.seen
	c.seen, c.held = steps, holds
}

// lent is what the connection has of the budget.
func (c *conn) lent() int64 { return c.replies.lent.Load() + c.request.lent.Load() }
