package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
)

// burden is what goes on at a server beside the load of a turn, until its end is called.
type burden func(ctx context.Context, s *system) (end func(), err error)

// How many clients read nothing.
const (
	stuckDumps    = 4
	stuckWatchers = 10
)

// clients opens connections and sends on each its command. What was opened is returned with an error, too.
func clients(ctx context.Context, address string, commands ...string) (opened []net.Conn, err error) {
	for _, command := range commands {
		dialer := net.Dialer{Timeout: clientTimeout}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return opened, err
		}
		opened = append(opened, conn)
		if _, err := conn.Write([]byte(command)); err != nil {
			return opened, err
		}
	}
	return opened, nil
}

// stuckClients is the burden of clients that ask for dumps and for the log, and read nothing. All keys are stored once
// more, so that the sockets are full when it returns.
func stuckClients(ctx context.Context, s *system) (end func(), err error) {
	opened, err := clients(ctx, s.address, slices.Concat(slices.Repeat([]string{dumpCommand}, stuckDumps),
		slices.Repeat([]string{"watch fetchers mutations\r\n"}, stuckWatchers))...)
	end = func() {
		for _, conn := range opened {
			_ = conn.Close()
		}
	}
	if err == nil {
		err = populate(ctx, s, keys)
	}
	if err != nil {
		end()
		return nil, err
	}
	return end, nil
}

const dumpCommand = "lru_crawler metadump all\r\n"

// endlessDumps is the burden of one client that reads dumps, one after the other, as fast as it can. Its first dump has
// begun when it returns.
func endlessDumps(ctx context.Context, s *system) (end func(), err error) {
	opened, err := clients(ctx, s.address, dumpCommand)
	if err == nil {
		_, err = opened[0].Read(make([]byte, len("OK\r\n")))
	}
	if err != nil {
		for _, conn := range opened {
			_ = conn.Close()
		}
		return nil, fmt.Errorf("dump: %w", err)
	}
	var reader sync.WaitGroup
	reader.Go(func() { readDumps(opened[0]) })
	return func() { _ = opened[0].Close(); reader.Wait() }, nil
}

// readDumps reads until the connection is closed, and asks for another dump at the end of each.
func readDumps(conn net.Conn) {
	buffer := make([]byte, 64<<10)
	last := []byte("\nEND\r\n")
	kept := 0 // of the end of what was read before, in front of buffer
	for {
		n, err := conn.Read(buffer[kept:])
		if err != nil {
			return
		}
		text := buffer[:kept+n]
		if bytes.HasSuffix(text, last) {
			if _, err := conn.Write([]byte(dumpCommand)); err != nil {
				return
			}
		}
		kept = copy(buffer, text[max(0, len(text)-len(last)+1):])
	}
}

// burdened starts memactor that has more to do than the load.
func burdened(name, bin string, b burden) func(context.Context) (*system, error) {
	return func(ctx context.Context) (*system, error) {
		s, err := startMemactor(ctx, name, bin)
		if err == nil {
			s.burden = b
		}
		return s, err
	}
}
