// Package differential compares a server with a reference by random scripts of
// commands, right and wrong: the replies of both have to be equal, byte for
// byte. What may differ is the value of a cas unique; which uniques are equal to
// which others may not.
package differential

import (
	"fmt"
	"slices"
	"strings"

	"github.com/memactor/memactor/e2e/harness"
)

// Connections is how many connections a script uses.
const Connections = 3

// Script is what is sent, step after step. Each step is answered before the next
// begins, so that the order of commands is the same on every server.
type Script []Step

// Step is some commands that are pipelined on one connection.
type Step struct {
	// Conn is the connection, 0 to Connections-1.
	Conn int
	// Commands are the commands as they are sent, data block included. In them
	// {cas KEY} stands for the unique that the server last told for KEY, so it is
	// another text for each server.
	Commands []string
	// Cuts says how the bytes are cut into writes: whole, byte by byte, or else a
	// seed.
	Cuts uint64
}

const (
	whole uint64 = iota
	byteByByte
)

// quit ends a step, as it ends the connection.
const quit = "quit\r\n"

// endings are lines at which the server closes the connection.
var endings = even(closing...)

var closing = []string{quit, "quit foo\r\n", "quit  \n", "GET / HTTP/1.1\r\n", "bogus HTTP/\r\n"}

// GoString prints a script as a list of commands that can be read; the longest key
// is printed as {250 k}.
func (s Script) GoString() string {
	var text strings.Builder
	for _, step := range s {
		fmt.Fprintf(&text, "\n  connection %d, cuts %d:", step.Conn, step.Cuts)
		for _, command := range step.Commands {
			fmt.Fprintf(&text, "\n    %s", harness.Shorten(strings.ReplaceAll(command, longKey, "{250 k}")))
		}
	}
	return text.String()
}

func (s Step) chunks() harness.Chunks {
	switch s.Cuts {
	case whole:
		return harness.Whole
	case byteByByte:
		return harness.ByteByByte()
	}
	return harness.RandomChunks(s.Cuts)
}

// quits reports whether the step's last command ends the connection.
func (s Step) quits() bool {
	return len(s.Commands) > 0 && slices.Contains(closing, s.Commands[len(s.Commands)-1])
}

// Commands is how many commands a script has.
func (s Script) Commands() (n int) {
	for _, step := range s {
		n += len(step.Commands)
	}
	return n
}
