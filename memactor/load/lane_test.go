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
	return scriptedIn(textWords{}, window, lines...)
}

func scriptedIn(in words, window int, lines ...string) (*lane, *tally) {
	counts := newTally()
	l := newLane(in, testData(), newScript(lines...), counts, window, 8)
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
	l := newLane(textWords{}, testData(), newScript("set 7", "get 8", "get 1 2 3"), newTally(), 10, 8)
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
	l := newLane(textWords{}, testData(), newScript("get 1", "get 2", "get 3", "get 4", "get 5", "get 6"), newTally(), 3, 8)
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
	l := newLane(textWords{}, testData(), newScript("get 1", "get 2"), newTally(), 1, 8)
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
	l := newLane(textWords{}, newDataset(10, cfg.Size), newMix(&cfg, 0), newTally(), 1000, 1)
	l.fill(0)
	if got := len(l.unwritten()); got < maxOut || got > maxOut+200_000 {
		t.Errorf("%d bytes rendered", got)
	}
}

func TestAnswers(t *testing.T) {
	tests := []exchange{
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
		test.run(t, textWords{})
	}
}

// exchange is commands that are all sent, the replies to them, and what has to be counted.
type exchange struct {
	name    string
	sent    []string
	replies string
	want    tally
}

// run feeds the replies in pieces of several sizes.
func (e *exchange) run(t *testing.T, in words) {
	t.Helper()
	for _, step := range []int{1, 7, 1000} {
		l, got := scriptedIn(in, 10, e.sent...)
		if err := receive(l, e.replies, step); err != nil {
			t.Errorf("%s in steps of %d: %v", e.name, step, err)
		}
		if !sameCounts(got, &e.want) || !l.idle() {
			t.Errorf("%s in steps of %d: idle %v, %+v", e.name, step, l.idle(), got)
		}
		if bad := got.wrong + got.refused; (bad > 0) != (len(got.faults) > 0) {
			t.Errorf("%s: %d errors, said %q", e.name, bad, got.faults)
		}
	}
}

func sameCounts(a, b *tally) bool {
	return a.sets == b.sets && a.gets == b.gets && a.hits == b.hits && a.misses == b.misses &&
		a.refused == b.refused && a.wrong == b.wrong && a.broken == b.broken && a.unanswered == b.unanswered
}

// After these replies nothing can be matched any more: the connection is given up.
func TestRepliesThatLoseTheOrder(t *testing.T) {
	tests := []disorder{
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
		test.run(t, textWords{})
	}
}

// disorder is commands that are all sent, replies that do not fit them, and what the error has to say.
type disorder struct {
	name    string
	sent    []string
	replies string
	says    string
}

func (d *disorder) run(t *testing.T, in words) {
	t.Helper()
	l, counts := scriptedIn(in, 10, d.sent...)
	err := receive(l, d.replies, 1000)
	if !errors.Is(err, errOrder) || !strings.Contains(err.Error(), d.says) || counts.wrong != 1 {
		t.Errorf("%s: %v, %+v", d.name, err, counts)
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
	l := newLane(textWords{}, testData(), newScript("get 1", "get 2"), newTally(), 1, 8)
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
	l := newLane(textWords{}, testData(), newScript("get 1", "get 2"), counts, 2, 8)
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
	for p := Text; p <= Meta; p++ {
		t.Run(p.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { checkAnyChunking(t, p.words()) })
		})
	}
}

func checkAnyChunking(t *rapid.T, in words) {
	stored := rapid.SliceOfN(rapid.Bool(), 10, 10).Draw(t, "stored")
	key := rapid.IntRange(0, 9)
	var sent []string
	var replies bytes.Buffer
	want := tally{}
	for range rapid.IntRange(1, 20).Draw(t, "commands") {
		if rapid.Bool().Draw(t, "set") {
			sent = append(sent, fmt.Sprint("set ", key.Draw(t, "key")))
			replies.Write(appendStored(nil, in))
			want.sets++
			continue
		}
		line := "get"
		keys := rapid.SliceOfN(key, 1, 8).Draw(t, "keys")
		var found []uint32
		for _, k := range keys {
			line += fmt.Sprint(" ", k)
			if stored[k] {
				found = append(found, uint32(k))
			}
		}
		sent = append(sent, line)
		replies.Write(appendFound(nil, in, testData(), len(keys), found))
		want.gets++
		want.hits += uint64(len(found))
		want.misses += uint64(len(keys) - len(found))
	}
	l, got := scriptedIn(in, 21, sent...)
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
}

// appendStored is a server's answer to a set.
func appendStored(dst []byte, in words) []byte {
	if in == (metaWords{}) {
		return append(dst, "HD\r\n"...)
	}
	return append(dst, "STORED\r\n"...)
}

// appendFound is a server's answer to a get of so many keys, of which it has those that are found.
func appendFound(dst []byte, in words, data *dataset, asked int, found []uint32) []byte {
	if in == (metaWords{}) {
		return appendMetaFound(dst, data, asked, found)
	}
	for _, key := range found {
		dst = append(data.appendKey(append(dst, "VALUE "...), key), " 0 "...)
		dst = data.appendBlock(append(dst, data.sizeText...), key)
	}
	return append(dst, "END\r\n"...)
}

func appendMetaFound(dst []byte, data *dataset, asked int, found []uint32) []byte {
	for _, key := range found {
		dst = append(append(append(dst, "VA "...), data.sizeText...), " f0"...)
		if asked > 1 {
			dst = data.appendKey(append(dst, " k"...), key)
		}
		dst = data.appendBlock(dst, key)
	}
	switch {
	case asked > 1:
		dst = append(dst, "MN\r\n"...)
	case len(found) == 0:
		dst = append(dst, "EN\r\n"...)
	}
	return dst
}

// Values larger than the first buffer make it grow, and only as far as needed.
func TestTheBufferGrowsToTheValue(t *testing.T) {
	const size = 300_000
	data := newDataset(10, size)
	l := newLane(textWords{}, data, newScript("get 1", "get 2"), newTally(), 2, 8)
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
		if w := &l.ring[slot]; w.op == opSet {
			replies = appendStored(replies, l.words)
		} else {
			replies = appendFound(replies, l.words, l.data, w.keys, l.slotKeys(slot)[:w.keys])
		}
	}
	echo(l, replies)
	return replies
}

func hotLane(in words) *lane {
	cfg := Default()
	return newLane(in, newDataset(cfg.Keys, cfg.Size), newMix(&cfg, 0), newTally(), 32, 1)
}

func TestTheHotPathDoesNotAllocate(t *testing.T) {
	for p := Text; p <= Meta; p++ {
		l := hotLane(p.words())
		replies := turn(l, nil)
		for range 100 {
			replies = turn(l, replies)
		}
		if n := testing.AllocsPerRun(100, func() { replies = turn(l, replies) }); n != 0 {
			t.Errorf("%v: %v allocations for a window of 32 commands", p, n)
		}
	}
}

func BenchmarkLane(b *testing.B) {
	for p := Text; p <= Meta; p++ {
		b.Run(p.String(), func(b *testing.B) {
			l := hotLane(p.words())
			replies := turn(l, nil)
			b.ReportAllocs()
			for b.Loop() {
				replies = turn(l, replies)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/32, "ns/command")
		})
	}
}
