package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// The loads of the memory figures.
const (
	items           = 1_000_000
	idleConnections = 10_000
	missingKeys     = 1_000_000
)

// settle is how long a system is left alone before its memory is read: sweepers and collectors have work to finish.
const settle = 2 * time.Second

// clientTimeout bounds each step of a client of this file.
const clientTimeout = 10 * time.Second

// footprint is what a system needs in resident memory.
type footprint struct {
	system string
	// perItem is bytes per item of 100 bytes, key and all; the processes that store, summed up.
	perItem float64
	// growth is by what part all processes grew while keys were asked for that do not exist.
	growth float64
	// perConnection is bytes per connection that has had one answer and is idle, in the process that clients talk to.
	perConnection float64
}

// weigh measures a system's footprint, on processes that have done nothing before.
func weigh(ctx context.Context, k kind) (footprint, error) {
	f := footprint{system: k.name}
	err := withSystem(ctx, k, func(s *system) error { return f.weighItems(ctx, s) })
	if err != nil {
		return f, fmt.Errorf("%s: %w", k.name, err)
	}
	if err := withSystem(ctx, k, func(s *system) error { return f.weighConnections(ctx, s) }); err != nil {
		return f, fmt.Errorf("%s: %w", k.name, err)
	}
	return f, nil
}

// withSystem lends a fresh system to use.
func withSystem(ctx context.Context, k kind, use func(*system) error) error {
	s, err := k.start(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	return use(s)
}

// weighItems fills the system, and then asks for what is not there.
func (f *footprint) weighItems(ctx context.Context, s *system) error {
	empty, err := rssSettled(ctx, s.stores)
	if err != nil {
		return err
	}
	if err := populate(ctx, s, items); err != nil {
		return err
	}
	full, err := rssSettled(ctx, s.stores)
	if err != nil {
		return err
	}
	f.perItem = float64(full-empty) / items
	before, err := rss(s.processes())
	if err != nil {
		return err
	}
	if err := askForMissing(ctx, s.address); err != nil {
		return err
	}
	after, err := rssSettled(ctx, s.processes())
	f.growth = float64(after-before) / float64(before)
	return err
}

// weighConnections opens many, has each answered once, and leaves them alone.
func (f *footprint) weighConnections(ctx context.Context, s *system) error {
	entrance := s.fronts
	if len(entrance) == 0 {
		entrance = s.stores
	}
	before, err := rssSettled(ctx, entrance)
	if err != nil {
		return err
	}
	connections, err := openIdle(ctx, s.address)
	defer func() {
		for _, conn := range connections {
			_ = conn.Close()
		}
	}()
	if err != nil {
		return fmt.Errorf("connection %d: %w", len(connections)+1, err)
	}
	after, err := rssSettled(ctx, entrance)
	f.perConnection = float64(after-before) / idleConnections
	return err
}

func rssSettled(ctx context.Context, processes []*process) (int64, error) {
	select {
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-time.After(settle):
		return rss(processes)
	}
}

// openIdle opens the idle connections, from several source addresses so that none runs out of ports, and has a get of
// each answered. What it has opened is returned with an error, too.
func openIdle(ctx context.Context, address string) ([]net.Conn, error) {
	const sources = 4
	var opened []net.Conn
	for i := range idleConnections {
		dialer := net.Dialer{Timeout: clientTimeout, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%sources))}}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return opened, err
		}
		opened = append(opened, conn)
		if err := expectMisses(conn, []byte("get idle\r\n"), 1); err != nil {
			return opened, err
		}
	}
	return opened, nil
}

// askForMissing sends a get for each of many different keys that do not exist.
func askForMissing(ctx context.Context, address string) error {
	dialer := net.Dialer{Timeout: clientTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	const batch = 500
	for first := 0; first < missingKeys; first += batch {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var commands []byte
		for i := range batch {
			commands = append(strconv.AppendInt(append(commands, "get missing-"...), int64(first+i), 10), "\r\n"...)
		}
		if err := expectMisses(conn, commands, batch); err != nil {
			return err
		}
	}
	return nil
}

// expectMisses sends n gets and wants nothing but a miss for each.
func expectMisses(conn net.Conn, commands []byte, n int) error {
	if err := conn.SetDeadline(time.Now().Add(clientTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(commands); err != nil {
		return err
	}
	want := bytes.Repeat([]byte("END\r\n"), n)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w: %q", errReplies, got[:min(len(got), 80)])
	}
	return nil
}
