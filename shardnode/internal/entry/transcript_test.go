package entry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestTranscripts runs testdata/transcripts: what one actor answers to one message after the
// other. A "turns" block has one message in each line (op, then name=value), with
// "now" and "max" (ItemSize) as arguments that stay until they are changed; "new"
// begins with an Uninitialized actor. Run with -rewrite to write the answers.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		p := player{turn: Turn{Now: 1000, MaxItem: 1 << 20}}
		datadriven.RunTest(t, path, p.play)
	})
}

// player is one actor with its surroundings.
type player struct {
	actor Actor
	turn  Turn
}

func (p *player) play(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "new":
		*p = player{turn: Turn{Now: 1000, MaxItem: 1 << 20}}
		return ""
	case "turns":
		d.MaybeScanArgs(t, "now", &p.turn.Now)
		d.MaybeScanArgs(t, "max", &p.turn.MaxItem)
		var out strings.Builder
		for line := range strings.Lines(d.Input) {
			fmt.Fprintln(&out, p.step(parseMessage(t, line)))
		}
		return out.String()
	}
	t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
	return ""
}

// step takes a turn the way a region does: the actor keeps a copy of the value, and
// a read leaves its trace.
func (p *player) step(m Message) string {
	p.turn.Unique++
	o := Step(p.actor, &m, &p.turn)
	line := describe(&m, &o)
	if m.Options.Has(ShowDetails | NoValue) {
		d := Describe(&p.actor, &o, &m, p.turn.Now)
		line += fmt.Sprintf(" | size=%d ttl=%d idle=%d", d.Size, d.TTL, d.Idle)
		if d.Marks != 0 {
			line += " " + describeMarks(d.Marks)
		}
	}
	p.actor = o.Actor
	if m.Op.Reads() && o.Reply.Status == OK && m.Uses() {
		p.actor.Entry.Accessed = uint32(p.turn.Now)
		p.actor.Entry.Marks |= Fetched
	}
	p.actor.Entry.Value = append([]byte(nil), o.Actor.Entry.Value...)
	return line
}

func describe(m *Message, o *Outcome) string {
	s := fmt.Sprintf("%s, %s", o.Reply.Status, o.Effect)
	if o.Lapsed {
		s += " (lapsed)"
	}
	if o.Vivified {
		s += " (vivified)"
	}
	if o.Reply.Value != nil {
		s += fmt.Sprintf(" value=%q flags=%d", o.Reply.Value, o.Reply.Flags)
	}
	if m.Op.Counts() && o.Reply.Status == OK {
		s += fmt.Sprintf(" number=%d", o.Reply.Number)
	}
	if o.Reply.Marks != 0 {
		s += " " + describeMarks(o.Reply.Marks)
	}
	if o.Actor.State == Uninitialized {
		return s + " | " + o.Actor.State.String()
	}
	e := o.Actor.Entry
	s += fmt.Sprintf(" | %s %q flags=%d expires=%d cas=%d", o.Actor.State, e.Value, e.Flags, e.Expires, e.Cas)
	if e.Marks != 0 {
		s += " " + describeMarks(e.Marks)
	}
	return s
}

// The names of options and marks, from the lowest bit on.
var (
	optionNames = []string{
		"compare", "newcas", "touch", "vivify", "recache", "invalidate", "dropvalue", "nobump", "novalue", "details",
		"uncounted", "win", "late", "oversized",
	}
	markNames = []string{"won", "stale", "winsent", "fetched", "unchanged"}
)

func describeMarks(m Marks) string {
	var names []string
	for i, name := range markNames {
		if m.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

func parseOptions(text string) (Options, error) {
	var all Options
	for name := range strings.SplitSeq(text, "+") {
		i := slices.Index(optionNames, name)
		if i < 0 {
			return 0, fmt.Errorf("unknown option %q", name)
		}
		all |= 1 << i
	}
	return all, nil
}

func parseMessage(t *testing.T, line string) Message {
	t.Helper()
	words := strings.Fields(line)
	m := Message{Op: parseOp(t, words[0]), KeyLen: 1}
	for _, word := range words[1:] {
		name, text, _ := strings.Cut(word, "=")
		var err error
		switch name {
		case "value":
			text, err = strconv.Unquote(`"` + text + `"`)
			m.Value = []byte(text)
		case "flags":
			m.Flags, err = parse32(text)
		case "exptime":
			m.Exptime, err = strconv.ParseInt(text, 10, 64)
		case "cas":
			m.Cas, err = strconv.ParseUint(text, 10, 64)
		case "delta":
			m.Delta, err = strconv.ParseUint(text, 10, 64)
		case "options":
			m.Options, err = parseOptions(text)
		case "vivify":
			m.Vivify, err = strconv.ParseInt(text, 10, 64)
		case "recache":
			m.Recache, err = strconv.ParseInt(text, 10, 64)
		case "newcas":
			m.NewCas, err = strconv.ParseUint(text, 10, 64)
		case "initial":
			m.Initial, err = strconv.ParseUint(text, 10, 64)
		default:
			err = fmt.Errorf("unknown argument %q", name)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return m
}

func parse32(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err
}

func parseOp(t *testing.T, name string) Op {
	t.Helper()
	for o := OpGet; o.Valid(); o++ {
		if o.String() == name {
			return o
		}
	}
	t.Fatalf("unknown op %q", name)
	return 0
}
