package main

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that the kernel uses for outgoing connections, so that no connection of the load
// takes one between its choice here and the bind of the server that it was chosen for.
const (
	lowestPort  = 20_000
	highestPort = 32_000
)

var errPort = errors.New("no free port found")

// freeAddress is a 127.0.0.1 address on which nothing listens now.
func freeAddress() (string, error) {
	for range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestPort+rand.IntN(highestPort-lowestPort)))
		if listener, err := net.Listen("tcp", address); err == nil {
			return address, listener.Close()
		}
	}
	return "", errPort
}

// freeAddresses is n different ones.
func freeAddresses(n int) ([]string, error) {
	seen := make(map[string]bool, n)
	var all []string
	for len(all) < n {
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		if !seen[address] {
			seen[address] = true
			all = append(all, address)
		}
	}
	return all, nil
}

// portOf is the port of an address that freeAddress made.
func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
