package server

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLeaseBorrowsInSteps(t *testing.T) {
	b := budget{limit: 4 * freeBytes}
	var l, other lease
	for _, test := range []struct {
		n    int64
		ok   bool
		lent int64
	}{
		{freeBytes, true, 0}, {1, true, freeBytes}, {freeBytes - 1, true, freeBytes}, {3 * freeBytes, true, 4 * freeBytes},
		{1, false, 4 * freeBytes},
	} {
		if ok := l.hold(&b, test.n); ok != test.ok || b.lent.Load() != test.lent {
			t.Errorf("%d: %v, %d lent", test.n, ok, b.lent.Load())
		}
	}
	if !other.hold(&b, freeBytes) || other.hold(&b, 1) || !b.short.Load() {
		t.Error("another one has more than what is for nothing")
	}
	l.release(&b)
	if b.lent.Load() != 0 || !other.hold(&b, 1) {
		t.Errorf("%d lent after all is given back", b.lent.Load())
	}
}

func TestBudgetIsNeverExceeded(t *testing.T) {
	b := budget{limit: 10 * freeBytes}
	var all sync.WaitGroup
	var l lease
	for range 4 {
		all.Go(func() {
			for range 10_000 {
				l.hold(&b, 100)
				if lent := b.lent.Load(); lent > 14*freeBytes { // each may be about to give back a step
					t.Errorf("%d lent", lent)
				}
			}
		})
	}
	all.Wait()
	if lent := b.lent.Load(); lent != 10*freeBytes {
		t.Errorf("%d lent at last", lent)
	}
	l.release(&b)
	if b.lent.Load() != 0 {
		t.Error("something stays lent")
	}
}

func TestWaitForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budget{limit: 10}
		b.take(10)
		began := time.Now()
		go func() { time.Sleep(time.Second); b.give(5) }()
		if !b.try(memoryPatience, func() bool { return b.take(5) }) || time.Since(began) > time.Second+memoryRetry {
			t.Errorf("after %v", time.Since(began))
		}
		began = time.Now()
		if b.try(memoryPatience, func() bool { return b.take(5) }) || time.Since(began) != memoryPatience {
			t.Errorf("gave up after %v", time.Since(began))
		}
	})
}

// Clients that ask for much and read nothing are closed when others need the memory;
// one that reads is served.
func TestMemoryIsTakenFromThoseWhoDoNotRead(t *testing.T) {
	const size = 900_000
	s, a, address := start(t, func(o *Options) { o.ValueBytes = 16 << 20 })
	a.store["big"], a.store["small"] = bytes.Repeat([]byte("v"), size), []byte("x")
	for range 8 {
		p := dial(t, address)
		p.send(strings.Repeat("get small\r\n", 600)) // so that a value is thought to be small
		for range 600 {
			p.expect("VALUE small 0 1\r\nx\r\nEND\r\n")
		}
		p.send(strings.Repeat("get big\r\n", 100))
	}
	eventually(t, "the memory is used up", func() bool { return s.budget.lent.Load() > s.budget.limit*3/4 })
	p := dial(t, address)
	value := fmt.Sprintf("VALUE big 0 %d\r\n%s\r\n", size, a.store["big"])
	for range 8 { // as often as one of them is closed, another one may take its memory
		eventually(t, "the one who reads is served", func() bool {
			p.send("get big big big\r\n") // more than what the others may have left over
			for {
				first, err := p.r.Peek(1)
				if err != nil {
					t.Fatal(err)
				}
				switch first[0] {
				case 'V':
					p.expect(value)
				case 'S':
					p.expect("SERVER_ERROR busy: the gateway has no memory for the value\r\n")
					return false
				default:
					p.expect("END\r\n")
					return true
				}
			}
		})
	}
	if s.counts.cutForMemory.Load() == 0 {
		t.Error("nobody was closed")
	}
	if lent := s.budget.lent.Load(); lent > s.budget.limit {
		t.Errorf("%d of %d bytes are lent", lent, s.budget.limit)
	}
}

// Bodies that come in and stop hold memory as well.
func TestMemoryIsTakenFromThoseWhoDoNotSend(t *testing.T) {
	s, _, address := start(t, func(o *Options) { o.ValueBytes = 4 << 20 })
	body := strings.Repeat("v", 900_000)
	for range 8 {
		p := dial(t, address)
		go func() { _, _ = io.WriteString(p, "set a 0 0 900000\r\n"+body[1:]) }()
	}
	eventually(t, "the memory is used up", func() bool { return s.budget.lent.Load() > s.budget.limit/2 })
	p := dial(t, address)
	for range 10 {
		p.send("set b 0 0 900000\r\n" + body + "\r\n")
		p.expect("STORED\r\n")
	}
	eventually(t, "some are closed", func() bool { return s.counts.cutForMemory.Load() > 0 })
}

// With -R a connection that pipelines makes room for others, and still gets all answers.
func TestYields(t *testing.T) {
	s, _, address := start(t, func(o *Options) { o.Limits.Commands = 20 })
	p := dial(t, address)
	p.send(strings.Repeat("mn\r\n", 1000))
	p.expect(strings.Repeat("MN\r\n", 1000))
	if n := s.counts.yields.Load(); n == 0 || n > 50 {
		t.Errorf("%d yields", n)
	}
}
