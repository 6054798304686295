package consistency

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// client is one connection's worth of load. It is used by one goroutine.
type client struct {
	load    Load
	id      int
	began   time.Time
	random  *rand.Rand
	conn    *harness.Conn
	numbers int // of the values that it made
	// uniques are what it read last of a key with gets.
	uniques map[string]unique

	done      []Operation
	broken    int
	violation error
}

// unique is a cas unique and the value that it was read with.
type unique struct{ cas, value string }

// command is what is sent at once: one operation, or several of a multiget.
type command struct {
	text       string
	operations []*Operation
}

func newClient(load Load, id int, began time.Time) *client {
	return &client{
		load: load, id: id, began: began, uniques: map[string]unique{},
		random: rand.New(rand.NewPCG(load.Seed, uint64(id))),
	}
}

func (c *client) work(stop *atomic.Bool) {
	for !stop.Load() && c.violation == nil {
		if err := c.batch(); err != nil {
			c.broken++
			c.disconnect()
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(c.load.Pause)
	}
	c.disconnect()
}

func (c *client) disconnect() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// batch sends some commands at once and reads their replies. What has no reply
// when the connection breaks is of unknown outcome.
func (c *client) batch() error {
	if c.conn == nil {
		conn, err := harness.Open(c.load.Addresses[c.id%len(c.load.Addresses)])
		if err != nil {
			return err
		}
		conn.Timeout = c.load.Patience
		c.conn = conn
	}
	var text strings.Builder
	commands := make([]command, 1+c.random.IntN(c.load.Pipeline))
	for i := range commands {
		commands[i] = c.command()
		text.WriteString(commands[i].text)
	}
	c.stamp(commands)
	defer c.record(commands)
	if err := c.conn.Send(text.String()); err != nil {
		return err
	}
	for _, command := range commands {
		reply, err := c.conn.Reply()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.violation = fmt.Errorf("%w: client %d: %s was not answered: %w", ErrViolation, c.id, harness.Shorten(command.text), err)
		}
		if err != nil {
			return err
		}
		c.take(command, reply)
		if c.violation != nil {
			return nil
		}
	}
	return nil
}

// stamp notes when commands are sent; until they are answered, they are unknown.
func (c *client) stamp(commands []command) {
	now := time.Since(c.began)
	for _, command := range commands {
		for _, o := range command.operations {
			o.Call, o.Status = now, Unknown
		}
	}
}

func (c *client) record(commands []command) {
	for _, command := range commands {
		for _, o := range command.operations {
			c.done = append(c.done, *o)
		}
	}
}

// take gives a reply to its command.
func (c *client) take(command command, reply string) {
	now := time.Since(c.began)
	var fits bool
	for _, o := range command.operations {
		o.Return = now
	}
	if first := command.operations[0]; first.Verb != Get {
		fits = first.answered(reply)
	} else {
		fits = c.takeValues(command.operations, reply)
	}
	if !fits {
		c.violation = fmt.Errorf("%w: client %d: %s was answered %s",
			ErrViolation, c.id, harness.Shorten(command.text), harness.Shorten(reply))
	}
}

// takeValues gives the values of a retrieval's reply to its operations, which are
// in the order of its keys, and reports whether they fit.
func (c *client) takeValues(operations []*Operation, reply string) bool {
	values, last, err := harness.Values(reply)
	if err != nil {
		return false
	}
	if strings.HasPrefix(last, "SERVER_ERROR") {
		for _, o := range operations {
			o.failed(last)
		}
		return true
	}
	for _, o := range operations {
		var value *harness.Value
		if len(values) > 0 && values[0].Key == o.Key {
			value, values = &values[0], values[1:]
			if value.Cas != "" {
				c.uniques[o.Key] = unique{cas: value.Cas, value: value.Data}
			}
		}
		if !o.found(value) {
			return false
		}
	}
	return last == "END" && len(values) == 0
}
