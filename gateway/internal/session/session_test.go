package session

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/memactor/memactor/gateway/internal/protocol/frametext"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// rig is a session with a small store for its actors, driven by hand.
type rig struct {
	s     *Session
	round Round
	in    []byte
	store map[string]string
	order func(n int) []int // in which the replies of a round come
	fail  map[string]shardv1.Status
	bars  []string
	most  int // calls in one round
	part  int // bytes that are composed at once
}

func newRig(limits Limits) *rig {
	return &rig{s: New(limits, "1.6.45", Auto), store: map[string]string{}, order: inOrder, fail: map[string]shardv1.Status{}, part: 1 << 20}
}

func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// feed hands in more bytes and returns what comes out.
func (g *rig) feed(data []byte) []byte {
	g.in = append(g.in, data...)
	var out []byte
	for !g.s.Closing() {
		n := g.s.Advance(g.in, &g.round)
		if g.round.Empty() {
			g.in = g.in[n:]
			return out
		}
		out = append(out, g.execute()...)
		for more := true; more; {
			out, more = g.s.Compose(out, len(out)+g.part)
		}
		g.in = g.in[n:]
	}
	return out
}

// execute does what the round asks for, and returns the answer of a barrier.
func (g *rig) execute() []byte {
	if cmd := g.s.Barrier(); cmd != nil {
		g.bars = append(g.bars, fmt.Sprintf("%s %d%s", cmd.Verb, cmd.Exptime, cmd.Args))
		switch {
		case cmd.NoReply:
			return nil
		case cmd.Binary:
			return cmd.AppendLines(nil, []byte("OK\r\n"))
		}
		return []byte("OK\r\n")
	}
	calls := g.s.Calls()
	g.most = max(g.most, len(calls))
	replies := make([]wire.Reply, len(calls))
	for i := range calls {
		replies[i] = g.apply(&calls[i])
	}
	for left, i := range g.order(len(calls)) {
		if last := g.s.Reply(i, &replies[i]); last != (left == len(calls)-1) {
			panic("wrong idea of the last reply")
		}
	}
	return nil
}

// apply is a key actor of few words.
func (g *rig) apply(e *wire.Envelope) wire.Reply {
	key := string(e.Key)
	if status, ok := g.fail[key]; ok {
		return wire.Reply{Status: status, Message: "node n1 is not\nreachable"}
	}
	value, ok := g.store[key]
	switch e.Op {
	case shardv1.Op_OP_SET:
		if e.Has(shardv1.Option_OPTION_TOO_LARGE) {
			delete(g.store, key)
			return wire.Reply{Status: shardv1.Status_STATUS_TOO_LARGE}
		}
		g.store[key] = string(e.Value)
	case shardv1.Op_OP_DELETE:
		delete(g.store, key)
		if !ok {
			return wire.Reply{Status: shardv1.Status_STATUS_NOT_FOUND}
		}
	case shardv1.Op_OP_GET, shardv1.Op_OP_GAT:
		if !ok {
			return wire.Reply{Status: shardv1.Status_STATUS_NOT_FOUND}
		}
		return wire.Reply{Status: shardv1.Status_STATUS_OK, Value: []byte(value), Flags: 7, Cas: 9}
	case shardv1.Op_OP_INCR:
		return wire.Reply{Status: shardv1.Status_STATUS_OK, Number: 42}
	default:
		return wire.Reply{Status: shardv1.Status_STATUS_NOT_STORED}
	}
	return wire.Reply{Status: shardv1.Status_STATUS_OK}
}

// expand makes bytes of a transcript's text: \r \n \t \x.. as in Go, and
// {text*n} for n times text.
func expand(text string) []byte {
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		end := open + strings.IndexByte(text[open:], '}')
		var n int
		inner := text[open+1 : end]
		star := strings.LastIndexByte(inner, '*')
		if _, err := fmt.Sscan(inner[star+1:], &n); err != nil {
			panic(err)
		}
		text = text[:open] + strings.Repeat(inner[:star], n) + text[end+1:]
	}
	return []byte(strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\x00`, "\x00").Replace(text))
}

// show is the inverse for people: lines end at \n.
func show(out []byte) string {
	text := strings.NewReplacer("\r\n", "\\r\\n\n", "\x00", `\x00`).Replace(string(out))
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if len(line) > 100 {
			line = fmt.Sprintf("%s...(%d)...%s", line[:20], len(line), line[len(line)-10:])
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// The transcripts: each `send` is bytes from the client, and below the line what is
// sent back, the barriers, and the state afterwards.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		g := newRig(DefaultLimits())
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			switch d.Cmd {
			case "new":
				limits := DefaultLimits()
				d.MaybeScanArgs(t, "window", &limits.Window)
				d.MaybeScanArgs(t, "item", &limits.MaxItem)
				d.MaybeScanArgs(t, "line", &limits.MaxLine)
				g = newRig(limits)
				return ""
			case "fail":
				g.fail[d.CmdArgs[0].Key] = shardv1.Status(shardv1.Status_value[d.CmdArgs[1].Key])
				return ""
			case "send":
				return g.transcript(d.Input)
			case "frames":
				return g.frames(t, d.Input)
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	})
}

func (g *rig) transcript(input string) string {
	g.bars = nil
	out := show(g.feed(expand(strings.ReplaceAll(input, "\n", ""))))
	return strings.TrimPrefix(out+g.aftermath(), "\n")
}

// frames is transcript of the binary protocol, in and out as frametext has it.
func (g *rig) frames(t *testing.T, input string) string {
	t.Helper()
	in, err := frametext.Parse(input)
	if err != nil {
		t.Fatal(err)
	}
	g.bars = nil
	return frametext.Format(g.feed(in)) + g.aftermath()
}

// aftermath is the barriers of a transcript's step, and the state behind it.
func (g *rig) aftermath() (text string) {
	for _, b := range g.bars {
		text += "barrier: " + b + "\n"
	}
	if g.s.Closing() {
		return text + "-- closing\n"
	}
	return text + "-- " + g.s.State().String() + "\n"
}

func TestStateOfTheOldestAnswer(t *testing.T) {
	g := newRig(DefaultLimits())
	in := []byte("get a b\r\ndelete c\r\nget d\r\n")
	g.s.Advance(in, &g.round)
	hit := &wire.Reply{Status: shardv1.Status_STATUS_NOT_FOUND}
	want := []State{WaitingForGetResponse, WaitingForGetResponse, WaitingForResponse, WaitingForGetResponse, WaitingForCommand}
	for i, state := range want {
		if got := g.s.State(); got != state {
			t.Fatalf("after %d replies: %s, want %s", i, got, state)
		}
		if i < len(want)-1 {
			g.s.Reply(i, hit)
		}
	}
	if out, more := g.s.Compose(nil, 100); more || string(out) != "END\r\nNOT_FOUND\r\nEND\r\n" {
		t.Fatalf("%q", out)
	}
	if n := g.s.Advance([]byte("set a 0 0 5\r\nab"), &g.round); n != 0 || g.s.State() != WaitingForData || g.s.Need() != 20 {
		t.Fatal(n, g.s.State(), g.s.Need())
	}
}

// The sizes of values decide how many gets are in flight: up at once, down slowly.
func TestWindowFollowsValueSizes(t *testing.T) {
	limits := DefaultLimits()
	g := newRig(limits)
	g.store["k"] = strings.Repeat("x", 1<<20)
	line := []byte(strings.Repeat("get k\r\n", 200))
	g.feed(line)
	if g.most > firstWindow || g.most > limits.HoldBytes/limits.MaxItem {
		t.Errorf("%d values of unknown size in flight", g.most)
	}
	g.most = 0
	g.feed(line)
	if g.most > limits.WindowBytes>>20 {
		t.Errorf("%d values of 1 MiB in flight", g.most)
	}
	g.store["k"], g.most = "x", 0
	for range 10 {
		g.feed(bytes.Repeat(line, 20))
	}
	if g.most != limits.HoldBytes/limits.MaxItem {
		t.Errorf("%d small values in flight", g.most)
	}
	g = newRig(limits)
	g.feed(bytes.Repeat([]byte("delete k\r\n"), 2000))
	if g.most != limits.Window {
		t.Errorf("%d calls without a value in flight", g.most)
	}
}

// Frames of the binary protocol: a get, and a set of 100 bytes without those.
const (
	getFrame = "\x80\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x05" + zeros12 + "key:1"
	setFrame = "\x80\x01\x00\x05\x08\x00\x00\x00\x00\x00\x00\x71" + zeros12 + "\x00\x00\x00\x00\x00\x00\x00\x00key:1"
	zeros12  = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
)

func TestHotPathAllocatesNothing(t *testing.T) {
	value := strings.Repeat("v", 100)
	for name, in := range map[string]string{
		"get":      "get key:1\r\n",
		"multiget": "get a b c d e f g h\r\n",
		"set":      "set key:1 0 0 100\r\n" + value + "\r\n",
		"pipeline": strings.Repeat("get key:1\r\nset key:1 0 0 100\r\n"+value+"\r\nincr n 1\r\ndelete x\r\n", 8),
		"mg":       "mg key:1 v t f c k O123\r\n" + "mg a2V5IDE= b k v q\r\n",
		"ms":       "ms key:1 100 T0 F5 c k\r\n" + value + "\r\n" + "ms a2V5IDE= 100 b q\r\n" + value + "\r\n",
		"md ma":    "md key:1 q k\r\nma n N0 J5 v t k\r\n",
		"error":    "bogus\r\nget\r\n",

		"binary get":      getFrame,
		"binary set":      setFrame + value,
		"binary pipeline": strings.Repeat(getFrame+setFrame+value, 8),
	} {
		t.Run(name, func(t *testing.T) {
			s, round, buf, out := New(DefaultLimits(), "1", Auto), Round{}, []byte(in), make([]byte, 0, 64<<10)
			hit := &wire.Reply{Status: shardv1.Status_STATUS_OK, Value: []byte(value)}
			turn := func() {
				if n := s.Advance(buf, &round); n != len(buf) {
					t.Fatalf("took %d of %d", n, len(buf))
				}
				for i := range s.Calls() {
					s.Reply(i, hit)
				}
				out, _ = s.Compose(out[:0], 1<<20)
			}
			turn()
			if n := testing.AllocsPerRun(100, turn); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func BenchmarkPipeline(b *testing.B) {
	for _, commands := range []int{1, 32} {
		b.Run(fmt.Sprint(commands), func(b *testing.B) {
			s, round, out := New(DefaultLimits(), "1", Auto), Round{}, make([]byte, 0, 64<<10)
			in := bytes.Repeat([]byte("get key:12345\r\n"), commands)
			hit := &wire.Reply{Status: shardv1.Status_STATUS_OK, Value: make([]byte, 100)}
			b.ReportAllocs()
			for b.Loop() {
				s.Advance(in, &round)
				for i := range s.Calls() {
					s.Reply(i, hit)
				}
				out, _ = s.Compose(out[:0], 1<<20)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*commands), "ns/command")
		})
	}
}
