package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/memactor/memactor/cluster/shard"
)

// memcachedPort is where memcached clients look if they are told nothing else.
const memcachedPort = 11211

// banner says where the cluster listens, and three lines to try.
func banner(cfg devConfig, nodes []shard.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "memactor dev: one gateway, %d shard nodes, %s for items\n", cfg.Nodes, cfg.Memory)
	for _, address := range cfg.addresses() {
		fmt.Fprintf(&b, "  memcached    %s\n", address)
	}
	for _, n := range nodes {
		fmt.Fprintf(&b, "  shard node   %s (%s, gRPC)\n", n.Address, n.ID)
	}
	if cfg.Admin != "" {
		fmt.Fprintf(&b, "  admin        http://%s/metrics /readyz /healthz /debug/pprof\n", cfg.Admin)
	}
	server := cfg.addresses()[0]
	b.WriteString("try:\n")
	fmt.Fprintf(&b, `  printf 'set hello 0 0 5\r\nworld\r\nget hello\r\nquit\r\n' | %s`+"\n", netcat(server))
	fmt.Fprintf(&b, `  printf 'stats\r\nquit\r\n' | %s`+"\n", netcat(server))
	fmt.Fprintf(&b, "  %s bench -s %s --populate --seconds 3\n", program(), server)
	return b.String()
}

// addresses are all that memcached clients can use: host:port, or the path of the socket.
func (c devConfig) addresses() []string {
	var all []string
	if port := c.tcpPort(); port > 0 {
		for _, host := range c.Listen {
			all = append(all, net.JoinHostPort(reachable(host), strconv.Itoa(port)))
		}
	}
	if c.Socket != "" {
		all = append(all, c.Socket)
	}
	return all
}

// tcpPort is the gateway's rule: 0 is memcached's port, unless there is a socket.
func (c devConfig) tcpPort() int {
	if c.Port == 0 && c.Socket == "" {
		return memcachedPort
	}
	return c.Port
}

// reachable is where a client on this machine finds what listens on host.
func reachable(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "localhost"
	}
	return host
}

// netcat is the command that talks to server.
func netcat(server string) string {
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		return "nc -U " + server
	}
	return "nc " + host + " " + port
}

// program is how this one was called, so that the lines can be pasted; `go run` gives it a path in Go's own cache.
func program() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./memactor"
	}
	return os.Args[0]
}
