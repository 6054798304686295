package transcript

import (
	"fmt"
	"strings"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// Stage is where talks are played.
type Stage struct {
	// Address is the server's.
	Address string
	// Login is what says first who asks, where the server wants to know.
	Login string
	// Chunks returns how to cut what is sent. The answers may not depend on it.
	Chunks func() harness.Chunks
	// Silence is how long a server may say nothing before its answer is taken as it is,
	// though it is not what it should be.
	Silence time.Duration
}

// Play plays a scene and returns the first difference, with its line.
func (s Stage) Play(scene Scene) error {
	if err := flush(s.Address, s.Login); err != nil {
		return err
	}
	play := play{Stage: s, known: memory{}, clients: map[string]*client{}}
	defer play.end()
	for _, turn := range scene.turns {
		if err := play.turn(turn); err != nil {
			return fmt.Errorf("line %d: %w", turn.number, err)
		}
	}
	return play.quiet()
}

// play is one performance of a scene.
type play struct {
	Stage

	known   memory
	clients map[string]*client
}

// client is one of the connections.
type client struct {
	*harness.Conn

	closed bool // by the server
}

func (p *play) turn(turn turn) error {
	if turn.pause > 0 {
		time.Sleep(turn.pause)
		return nil
	}
	c, err := p.client(turn.client)
	switch {
	case err != nil:
		return err
	case turn.hears:
		return p.hear(c, turn.lines)
	}
	text, err := say(turn.lines, p.known)
	if err == nil && c.SendChunks(text, p.Chunks()) != nil {
		c.closed = true // which the next answer has to say
	}
	return err
}

// client returns the connection of that name, which begins when it is first used.
func (p *play) client(name string) (*client, error) {
	if c, ok := p.clients[name]; ok {
		return c, nil
	}
	conn, err := harness.Open(p.Address)
	if err != nil {
		return nil, err
	}
	p.clients[name] = &client{Conn: conn}
	return p.clients[name], nil
}

func (p *play) hear(c *client, lines []line) error {
	want, err := compile(lines)
	if err != nil {
		return err
	}
	text, closed := listen(c.Conn, p.Silence, func(text string, _ bool) bool { return want.match(text, p.known) })
	if c.closed = c.closed || closed; c.closed {
		text += closedMark
	}
	if want.match(text, p.known) {
		return nil
	}
	var all strings.Builder
	for _, line := range lines {
		all.WriteString("\n< " + line.text)
	}
	return fmt.Errorf("answered\n< %s\nbut should be%s", show(text, false), all.String())
}

// quiet wants that nobody is told more than was written down.
func (p *play) quiet() error {
	for name, c := range p.clients {
		if c.closed {
			continue
		}
		if more, closed := c.Drain(settled); more != "" || closed {
			return fmt.Errorf("at the end, %q hears more: %s", name, show(more, closed))
		}
	}
	return nil
}

func (p *play) end() {
	for _, c := range p.clients {
		c.Close()
	}
}
