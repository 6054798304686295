package consistency

import (
	"fmt"
	"strings"
)

// command chooses a client's next command.
func (c *client) command() command {
	key := c.load.Keys[c.random.IntN(len(c.load.Keys))]
	choice := c.random.IntN(20)
	switch {
	case choice < 5:
		return c.retrieve("get", key)
	case choice < 7:
		return c.retrieve("gets", key)
	case choice < 9:
		return c.retrieve("get", key, c.load.Keys...)
	case isCounter(key):
		return c.count(key, choice)
	case choice < 15:
		return c.store(Set, key, "")
	case choice < 16:
		return c.store(Add, key, "")
	case choice < 18:
		if u, ok := c.uniques[key]; ok {
			return c.compareAndSwap(key, u)
		}
		return c.retrieve("gets", key)
	default:
		return c.line(Delete, "delete "+key, key)
	}
}

// count works on a counter.
func (c *client) count(key string, choice int) command {
	if choice < 11 {
		return c.store(Add, key, "0")
	}
	return c.line(Incr, "incr "+key+" 1", key)
}

// retrieve asks for key and, if there are others, for a few of them too, none
// twice: a miss of the first of two could not be told from one of the second.
func (c *client) retrieve(verb, key string, others ...string) command {
	keys := []string{key}
	if len(others) > 0 {
		for _, i := range c.random.Perm(len(others))[:min(len(others), 1+c.random.IntN(5))] {
			if others[i] != key {
				keys = append(keys, others[i])
			}
		}
	}
	text := command{text: verb + " " + strings.Join(keys, " ") + "\r\n"}
	for _, key := range keys {
		text.operations = append(text.operations, &Operation{Client: c.id, Verb: Get, Key: key})
	}
	return text
}

// store stores value, or a new one if it is empty.
func (c *client) store(verb Verb, key, value string) command {
	if value == "" {
		value = c.value(key)
	}
	return command{
		text:       fmt.Sprintf("%s %s 0 0 %d\r\n%s\r\n", verb, key, len(value), value),
		operations: []*Operation{{Client: c.id, Verb: verb, Key: key, Write: value}},
	}
}

func (c *client) compareAndSwap(key string, u unique) command {
	value := c.value(key)
	return command{
		text:       fmt.Sprintf("cas %s 0 0 %d %s\r\n%s\r\n", key, len(value), u.cas, value),
		operations: []*Operation{{Client: c.id, Verb: Cas, Key: key, Write: value, Expect: u.value}},
	}
}

func (c *client) line(verb Verb, text, key string) command {
	return command{text: text + "\r\n", operations: []*Operation{{Client: c.id, Verb: verb, Key: key}}}
}

func (c *client) value(key string) string {
	c.numbers++
	return newValue(key, c.id, c.numbers, c.load.Size)
}
