package harness

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// RSS returns the process's resident memory in bytes.
func (p *Process) RSS(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		t.Fatalf("harness: %s: %v", p.Name, err)
	}
	match := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	if match == nil {
		t.Fatalf("harness: %s: no VmRSS in its status (has it ended?)\n%s", p.Name, p.Out.Tail(failureLines))
	}
	kilobytes, _ := strconv.Atoi(string(match[1]))
	return kilobytes << 10
}

// Listeners returns the addresses (IP:port) on which the process listens by TCP,
// sorted. They are read from the kernel: the sockets that the process holds,
// looked up in the kernel's tables of listening sockets.
func (p *Process) Listeners(t testing.TB) []string {
	t.Helper()
	held := p.sockets(t)
	var found []string
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", p.Pid(), table))
		if err != nil {
			t.Fatalf("harness: %s: %v", p.Name, err)
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			if address, inode, ok := listening(line); ok && held[inode] {
				found = append(found, address)
			}
		}
	}
	slices.Sort(found)
	return found
}

// sockets returns the inodes of the sockets that the process holds.
func (p *Process) sockets(t testing.TB) map[string]bool {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.Pid()))
	if err != nil || len(links) == 0 {
		t.Fatalf("harness: %s: its open files cannot be listed: %v", p.Name, err)
	}
	inodes := map[string]bool{}
	for _, link := range links {
		target, _ := os.Readlink(link)
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}

// listening reads one line of /proc/net/tcp: the local address and the inode of
// a socket, if its state is LISTEN.
func listening(line string) (address, inode string, ok bool) {
	const listen = "0A"
	fields := strings.Fields(line)
	if len(fields) < 10 || fields[3] != listen {
		return "", "", false
	}
	host, port, ok := strings.Cut(fields[1], ":")
	if !ok {
		return "", "", false
	}
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return "", "", false
	}
	return net.JoinHostPort(kernelIP(host).String(), strconv.FormatUint(number, 10)), fields[9], true
}

// kernelIP reads an address as the kernel prints it: hexadecimal 32-bit words,
// each with its bytes in the machine's (little-endian) order.
func kernelIP(text string) net.IP {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	return net.IP(raw)
}
