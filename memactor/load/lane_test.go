package load

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// script is a source that sends what a test says: "get 1 2" or "set 3".
type script struct {
	verbs []op
	keys  [][]uint32
}

func newScript(lines ...string) *script {
	s := &script{}
	for _, line := range lines {
		fields := strings.Fields(line)
		var keys []uint32
		for _, field := range fields[1:] {
			key, ok := parseDigits([]byte(field))
			if !ok {
				panic(line)
			}
			keys = append(keys, key)
		}
		verb := opGet
		if fields[0] == "set" {
			verb = opSet
		}
		s.verbs, s.keys = append(s.verbs, verb), append(s.keys, keys)
	}
	return s
}

func (s *script) next(slot []uint32) (op, int) {
	if len(s.verbs) == 0 {
		return opGet, 0
	}
	verb, keys := s.verbs[0], s.keys[0]
	s.verbs, s.keys = s.verbs[1:], s.keys[1:]
	return verb, copy(slot, keys)
}

// testData has values of 3 bytes: key 7 is "b3-000000007", its value "007".
func testData() *dataset { return newDataset(1000, 3) }

const end = "END\r\n"

// value is the VALUE of key in testData.
func value(key int) string { return fmt.Sprintf("VALUE b3-%09d 0 3\r\n%03d\r\n", key, key) }

// scripted is a lane whose commands are all sent, with its tally.
func scripted(window int, lines ...string) (*lane, *tally) {
	counts := newTally()
	l := newLane(testData(), newScript(lines...), counts, window, 8)
	send(l)
	return l, counts
}

// send fills and takes what would be written.
func send(l *lane) string {
	l.fill(0)
	out := string(l.unwritten())
	l.wrote(len(out))
	return out
}

// receive feeds text in pieces of at most step bytes.
func receive(l *lane, text string, step int) error {
	for len(text) > 0 {
		n := copy(l.room(), text[:min(step, len(text))])
		if err := l.received(n, 1000); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

func TestALaneRendersCommands(t *testing.T) {
	l := newLane(testData(), newScript("set 7", "get 8", "get 1 2 3"), newTally(), 10, 8)
	want := "set b3-000000007 0 0 3\r\n007\r\n" +
		"get b3-000000008\r\n" +
		"get b3-000000001 b3-000000002 b3-000000003\r\n"
	if got := send(l); got != want {
		t.Errorf("got %q", got)
	}
	if !l.ending || l.idle() {
		t.Error("the source is at its end and three commands are unanswered")
	}
}

func TestAWindowIsFilledAndRefilledByWhatWasAnswered(t *testing.T) {
	l := newLane(testData(), newScript("get 1", "get 2", "get 3", "get 4", "get 5", "get 6"), newTally(), 3, 8)
	steps := []struct{ receive, sends string }{
		{"", "get b3-000000001\r\nget b3-000000002\r\nget b3-000000003\r\n"},
		{"END\r\n", "get b3-000000004\r\n"},
		{value(2), ""},
		{end + end, "get b3-000000005\r\nget b3-000000006\r\n"},
		{end + end + end, ""},
	}
	for i, step := range steps {
		if err := receive(l, step.receive, 1000); err != nil {
			t.Fatal(err)
		}
		if got := send(l); got != step.sends {
			t.Errorf("step %d: got %q", i, got)
		}
	}
	if !l.idle() || l.tally.gets != 6 || l.tally.hits != 1 || l.tally.misses != 5 {
		t.Errorf("idle %v, %+v", l.idle(), l.tally)
	}
}

func TestNothingIsRenderedBehindWhatIsUnwritten(t *testing.T) {
	l := newLane(testData(), newScript("get 1", "get 2"), newTally(), 1, 8)
	l.fill(0)
	l.wrote(3)
	if err := receive(l, "END\r\n", 1000); err != nil { // a server that answers before it has read all; never mind
		t.Fatal(err)
	}
	l.fill(0)
	if got := string(l.unwritten()); got != " b3-000000001\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestRenderingIsBounded(t *testing.T) {
	cfg := Default()
	cfg.Size, cfg.Ratio = 100_000, Ratio{1, 0}
	l := newLane(newDataset(10, cfg.Size), newMix(&cfg, 0), newTally(), 1000, 1)
	l.fill(0)
	if got := len(l.unwritten()); got < maxOut || got > maxOut+200_000 {
		t.Errorf("%d bytes rendered", got)
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name    string
		sent    []string
		replies string
		want    tally
	}{
		{"hit", []string{"get 1"}, value(1) + "END\r\n", tally{gets: 1, hits: 1}},
		{"miss", []string{"get 1"}, "END\r\n", tally{gets: 1, misses: 1}},
		{"set", []string{"set 1"}, "STORED\r\n", tally{sets: 1}},
		{"multiget", []string{"get 1 2 3"}, value(1) + value(3) + "END\r\n", tally{gets: 1, hits: 2, misses: 1}},
		{"multiget, all missing", []string{"get 1 2 3"}, "END\r\n", tally{gets: 1, misses: 3}},
		{"the same key twice", []string{"get 1 1"}, value(1) + value(1) + "END\r\n", tally{gets: 1, hits: 2}},
		{"the same key once", []string{"get 1 1"}, value(1) + "END\r\n", tally{gets: 1, hits: 1, misses: 1}},
		{"pipelined", []string{"get 1", "set 2", "get 2"}, "END\r\nSTORED\r\n" + value(2) + "END\r\n", tally{gets: 2, sets: 1, hits: 1, misses: 1}},
		{"refused get", []string{"get 1", "get 2"}, "SERVER_ERROR busy\r\nEND\r\n", tally{gets: 1, misses: 1, refused: 1}},
		{"refused set", []string{"set 1", "set 2"}, "STORED\r\nSERVER_ERROR busy\r\n", tally{sets: 1, refused: 1}},
		{"refused in the middle of a multiget", []string{"get 1 2", "get 3"}, value(1) + "SERVER_ERROR busy\r\nEND\r\n", tally{gets: 1, misses: 1, refused: 1}},
		{"VALUEs out of order", []string{"get 1 2", "get 3"}, value(2) + value(1) + end + end, tally{gets: 1, misses: 1, wrong: 1}},
		{"VALUE of another key", []string{"get 1", "get 3"}, value(9) + end + end, tally{gets: 1, misses: 1, wrong: 1}},
		{"VALUE twice", []string{"get 1", "get 3"}, value(1) + value(1) + end + end, tally{gets: 1, misses: 1, wrong: 1}},
		{"VALUE of a foreign key", []string{"get 1"}, "VALUE x 0 3\r\n001\r\nEND\r\n", tally{wrong: 1}},
		{"another value", []string{"get 1"}, "VALUE b3-000000001 0 3\r\n002\r\nEND\r\n", tally{wrong: 1}},
		{"a value too short", []string{"get 1"}, "VALUE b3-000000001 0 2\r\n00\r\nEND\r\n", tally{wrong: 1}},
		{"a value too long", []string{"get 1"}, "VALUE b3-000000001 0 4\r\n0010\r\nEND\r\n", tally{wrong: 1}},
		{"replies of two gets swapped", []string{"get 1", "get 2"}, value(2) + "END\r\n" + value(1) + "END\r\n", tally{wrong: 2}},
	}
	for _, test := range tests {
		for _, step := range []int{1, 7, 1000} {
			l, got := scripted(10, test.sent...)
			if err := receive(l, test.replies, step); err != nil {
				t.Errorf("%s in steps of %d: %v", test.name, step, err)
			}
			if !sameCounts(got, &test.want) || !l.idle() {
				t.Errorf("%s in steps of %d: idle %v, %+v", test.name, step, l.idle(), got)
			}
			if bad := got.wrong + got.refused; (bad > 0) != (len(got.faults) > 0) {
				t.Errorf("%s: %d errors, said %q", test.name, bad, got.faults)
			}
		}
	}
}

func sameCounts(a, b *tally) bool {
	return a.sets == b.sets && a.gets == b.gets && a.hits == b.hits && a.misses == b.misses &&
		a.refused == b.refused && a.wrong == b.wrong && a.broken == b.broken && a.unanswered == b.unanswered
}

// After these replies nothing can be matched any more: the connection is given up.
func TestRepliesThatLoseTheOrder(t *testing.T) {
	tests := []struct {
		name    string
		sent    []string
		replies string
		says    string
	}{
		{"STORED for a get", []string{"get 1"}, "STORED\r\n", `get b3-000000001 answered by "STORED"`},
		{"END for a set", []string{"set 1"}, "END\r\n", `set b3-000000001 answered by "END"`},
		{"VALUE for a set", []string{"set 1"}, value(1), "answered by"},
		{"NOT_STORED", []string{"set 1"}, "NOT_STORED\r\n", `"NOT_STORED"`},
		{"garbage", []string{"get 1"}, "\x00\x01\x02\n", "answered by"},
		{"one reply too many", []string{"get 1"}, end + end, "nothing was asked"},
		{"a block without its end", []string{"get 1"}, "VALUE b3-000000001 0 3\r\n001xx", "answered by"},
		{"a line without end", []string{"get 1"}, strings.Repeat("V", maxLine), "answered by"},
		{"a huge VALUE", []string{"get 1"}, "VALUE b3-000000001 0 1000000\r\n", "a reply of 1000032 bytes"},
	}
	for _, test := range tests {
		l, counts := scripted(10, test.sent...)
		err := receive(l, test.replies, 1000)
		if !errors.Is(err, errOrder) || !strings.Contains(err.Error(), test.says) || counts.wrong != 1 {
			t.Errorf("%s: %v, %+v", test.name, err, counts)
		}
	}
}

func TestWhatIsInFlightWhenAConnectionGoesIsUnanswered(t *testing.T) {
	l, counts := scripted(10, "get 1", "get 2", "get 3")
	if err := receive(l, "END\r\n", 1000); err != nil {
		t.Fatal(err)
	}
	l.lost()
	if counts.unanswered != 2 || !l.idle() {
		t.Errorf("%+v", counts)
	}
}

func TestOldest(t *testing.T) {
	l := newLane(testData(), newScript("get 1", "get 2"), newTally(), 1, 8)
	if _, waits := l.oldest(); waits {
		t.Error("nothing was sent")
	}
	l.fill(5)
	l.wrote(len(l.unwritten()))
	if sent, waits := l.oldest(); !waits || sent != 5 {
		t.Error(sent, waits)
	}
}

func TestLatencyIsFromSendingToParsing(t *testing.T) {
	counts := newTally()
	l := newLane(testData(), newScript("get 1", "get 2"), counts, 2, 8)
	l.fill(1_000_000)
	if err := l.received(copy(l.room(), end+end), 4_000_000); err != nil {
		t.Fatal(err)
	}
	counts.flush()
	if n, p50 := counts.latency.TotalCount(), counts.latency.ValueAtQuantile(50); n != 2 || p50/10_000 != 300 {
		t.Errorf("%d values, p50 %d ns", n, p50)
	}
}

// A server's answer to what a lane sent, for random commands and a random set of stored keys, cut into random pieces,
// gives no error and counts each key.
func TestAnyChunkingOfRightReplies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stored := rapid.SliceOfN(rapid.Bool(), 10, 10).Draw(t, "stored")
		key := rapid.IntRange(0, 9)
		var sent []string
		var replies bytes.Buffer
		want := tally{}
		for range rapid.IntRange(1, 20).Draw(t, "commands") {
			if rapid.Bool().Draw(t, "set") {
				sent = append(sent, fmt.Sprint("set ", key.Draw(t, "key")))
				replies.WriteString("STORED\r\n")
				want.sets++
				continue
			}
			line := "get"
			for _, k := range rapid.SliceOfN(key, 1, 8).Draw(t, "keys") {
				line += fmt.Sprint(" ", k)
				if !stored[k] {
					want.misses++
					continue
				}
				replies.WriteString(value(k))
				want.hits++
			}
			sent = append(sent, line)
			replies.WriteString("END\r\n")
			want.gets++
		}
		l, got := scripted(21, sent...)
		for text := replies.String(); len(text) > 0; {
			n := rapid.IntRange(1, min(len(text), len(l.room()))).Draw(t, "piece")
			copy(l.room(), text[:n])
			if err := l.received(n, 1); err != nil {
				t.Fatal(err)
			}
			text = text[n:]
		}
		if !sameCounts(got, &want) || !l.idle() {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// Values larger than the first buffer make it grow, and only as far as needed.
func TestTheBufferGrowsToTheValue(t *testing.T) {
	const size = 300_000
	data := newDataset(10, size)
	l := newLane(data, newScript("get 1", "get 2"), newTally(), 2, 8)
	send(l)
	text := ""
	for _, key := range []uint32{1, 2} {
		text += fmt.Sprintf("VALUE %s 0 %d\r\n%s\r\nEND\r\n", data.appendKey(nil, key), size, data.appendValue(nil, key))
	}
	if err := receive(l, text, 10_000); err != nil {
		t.Fatal(err)
	}
	if l.tally.hits != 2 || len(l.in) > 2*size {
		t.Errorf("%+v, buffer of %d bytes", l.tally, len(l.in))
	}
}

// echo answers a lane's commands as a server with all keys would, into the lane's own buffer.
func echo(l *lane, replies []byte) {
	for len(replies) > 0 {
		n := copy(l.room(), replies)
		if err := l.received(n, 1); err != nil {
			panic(err)
		}
		replies = replies[n:]
	}
}

// turn is a window sent and answered.
func turn(l *lane, replies []byte) []byte {
	l.fill(0)
	l.wrote(len(l.unwritten()))
	replies = replies[:0]
	for i := range l.count {
		slot := (l.head + i) % len(l.ring)
		w := &l.ring[slot]
		if w.op == opSet {
			replies = append(replies, "STORED\r\n"...)
			continue
		}
		for _, key := range l.slotKeys(slot)[:w.keys] {
			replies = append(l.data.appendKey(append(replies, "VALUE "...), key), " 0 100\r\n"...)
			replies = append(l.data.appendValue(replies, key), "\r\n"...)
		}
		replies = append(replies, "END\r\n"...)
	}
	echo(l, replies)
	return replies
}

func hotLane() *lane {
	cfg := Default()
	return newLane(newDataset(cfg.Keys, cfg.Size), newMix(&cfg, 0), newTally(), 32, 1)
}

func TestTheHotPathDoesNotAllocate(t *testing.T) {
	l := hotLane()
	replies := turn(l, nil)
	for range 100 {
		replies = turn(l, replies)
	}
	if n := testing.AllocsPerRun(100, func() { replies = turn(l, replies) }); n != 0 {
		t.Errorf("%v allocations for a window of 32 commands", n)
	}
}

func BenchmarkLane(b *testing.B) {
	l := hotLane()
	replies := turn(l, nil)
	b.ReportAllocs()
	for b.Loop() {
		replies = turn(l, replies)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/32, "ns/command")
}
