package transcript

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// settled is how long nothing may follow an answer that is as it should be.
const settled = 10 * time.Millisecond

// Mode is a way of sending a case's input. The answer may not depend on it.
type Mode struct {
	Name string
	// Silence is how long a server may say nothing before its answer is taken as
	// it is, though it is not what was hoped for.
	Silence time.Duration
	// chunks returns how to cut the input.
	chunks func() harness.Chunks
	// before and after are valid commands that stand around the input on its
	// connection, each with its reply.
	before, after exchange
}

type exchange struct{ send, reply string }

// Modes are the ways in which every case is played.
func Modes() []Mode {
	whole := func() harness.Chunks { return harness.Whole }
	valid := func(key string) exchange {
		return exchange{
			send:  "set " + key + " 9 0 6\r\nvalue\n\r\nget " + key + "\r\n",
			reply: "STORED\r\nVALUE " + key + " 9 6\r\nvalue\n\r\nEND\r\n",
		}
	}
	const silence = 3 * time.Second
	return []Mode{
		{Name: "whole", Silence: silence, chunks: whole},
		{Name: "byte by byte", Silence: silence, chunks: harness.ByteByByte},
		{Name: "between valid commands", Silence: silence, chunks: whole, before: valid("before"), after: valid("after")},
	}
}

// Plays reports whether a case has one right answer in this mode. Some have not:
// whether 2048 bytes and a \r are too many without a \n depends on how they
// arrive; with a valid store in front there are items to tell of; watch and the dumps
// are refused behind other commands; and config get cluster, which memcached does not
// know, tells addresses, which are others each time.
func (m Mode) Plays(c Case) bool {
	switch c.Input {
	case `REP{x,2048}\r\n`:
		return m.Name != "byte by byte"
	case `stats items\r\n`, `stats cachedump 1 0 0\r\n`:
		return m.before.send == ""
	case `config get cluster\r\n`:
		return false
	}
	alone := strings.HasPrefix(c.Input, "watch") || strings.HasPrefix(c.Input, "lru_crawler m")
	return !alone || m.before.send == ""
}

// Play plays a case against the server at address, which is flushed before, and
// returns the answer as a recording would have it. want is the answer that is
// hoped for: with it a player knows sooner when it has heard enough.
func (m Mode) Play(address string, c Case, want string) (string, error) {
	sends, err := c.Sends()
	if err != nil {
		return "", err
	}
	if err := flush(address, ""); err != nil {
		return "", err
	}
	conn, err := harness.Open(address)
	if err != nil {
		return "", err
	}
	defer conn.Close()

	if strings.HasSuffix(want, closedMark) {
		m.after = exchange{} // nothing can follow
	}
	sends[0] = m.before.send + sends[0]
	sends[len(sends)-1] += m.after.send
	var all string
	for i, send := range sends {
		if err := conn.SendChunks(send, m.chunks()); err != nil {
			return show(all, true), nil // the server has closed
		}
		last := i == len(sends)-1
		text, closed := listen(conn, m.Silence, func(text string, closed bool) bool {
			return last && Same(m.cut(all+text, closed), want)
		})
		all += text
		if closed || last {
			return m.cut(all, closed), nil
		}
	}
	panic("unreachable: a case sends at least once")
}

// tellsTime finds answers in which seconds are counted.
var tellsTime = regexp.MustCompile(` t[1-9]| l[0-9]| exp=-?[1-9]`)

// PlayInTime is Play, again if the answer is another and what is hoped for counts seconds, one of which may have ended.
func (m Mode) PlayInTime(address string, c Case, want string) (string, error) {
	got, err := m.Play(address, c, want)
	for try := 0; try < 5 && !Same(got, want) && tellsTime.MatchString(want); try++ {
		got, err = m.Play(address, c, want)
	}
	return got, err
}

// cut takes away the replies of the valid commands around an answer. If they are
// not there the answer says so, and is like no recorded one.
func (m Mode) cut(answer string, closed bool) string {
	rest, ok := strings.CutPrefix(answer, m.before.reply)
	if !ok {
		return "(wrong reply to the command before) " + show(answer, closed)
	}
	if closed {
		return show(rest, closed)
	}
	rest, ok = strings.CutSuffix(rest, m.after.reply)
	if !ok {
		return "(wrong reply to the command after) " + show(answer, closed)
	}
	return show(rest, closed)
}

// listen reads until the server closes, until it was silent for so long, or until
// enough is true of what was read and nothing comes for a moment.
func listen(conn *harness.Conn, silence time.Duration, enough func(text string, closed bool) bool) (string, bool) {
	var text strings.Builder
	began := time.Now()
	for {
		more, closed := conn.Drain(settled)
		text.WriteString(more)
		if more != "" {
			began = time.Now()
		}
		if closed || enough(text.String(), false) || time.Since(began) > silence {
			return text.String(), closed
		}
	}
}

// flush empties the server, and what it has counted. login is what says first who
// asks, where the server wants to know; it is answered STORED.
func flush(address, login string) error {
	conn, err := harness.Open(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, ask := range []exchange{{login, "STORED\r\n"}, {"flush_all\r\n", "OK\r\n"}, {"stats reset\r\n", "RESET\r\n"}} {
		if ask.send == "" {
			continue
		}
		if err := conn.Send(ask.send); err != nil {
			return err
		}
		reply, err := conn.Reply()
		if err != nil || reply != ask.reply {
			return fmt.Errorf("transcript: %q answered %q: %w", ask.send, reply, err)
		}
	}
	return nil
}
