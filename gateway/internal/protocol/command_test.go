package protocol

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// TestParse shows, for each verb, what lands where.
func TestParse(t *testing.T) {
	key := []byte("k")
	for line, want := range map[string]Command{
		"get k":                    {Kind: Keys, Answer: Answer{Verb: VerbGet}, Envelope: wire.Envelope{Op: shardv1.Op_OP_GET}, Reads: true, Keys: []byte(" k")},
		"gets k l":                 {Kind: Keys, Answer: Answer{Verb: VerbGets}, Envelope: wire.Envelope{Op: shardv1.Op_OP_GET}, Reads: true, Keys: []byte(" k l")},
		"gat 10 k":                 {Kind: Keys, Answer: Answer{Verb: VerbGat}, Envelope: wire.Envelope{Op: shardv1.Op_OP_GAT, Exptime: 10}, Reads: true, Keys: []byte(" k")},
		"gats -1 k l":              {Kind: Keys, Answer: Answer{Verb: VerbGats}, Envelope: wire.Envelope{Op: shardv1.Op_OP_GAT, Exptime: -1}, Reads: true, Keys: []byte(" k l")},
		"set k 1 2 3":              {Kind: Block, Answer: Answer{Verb: VerbSet}, Envelope: wire.Envelope{Op: shardv1.Op_OP_SET, Key: key, Flags: 1, Exptime: 2}, Bytes: 3},
		"add k 1 2 3 noreply":      {Kind: Block, Answer: Answer{Verb: VerbAdd, NoReply: true}, Envelope: wire.Envelope{Op: shardv1.Op_OP_ADD, Key: key, Flags: 1, Exptime: 2}, Bytes: 3},
		"replace k 0 -1 0":         {Kind: Block, Answer: Answer{Verb: VerbReplace}, Envelope: wire.Envelope{Op: shardv1.Op_OP_REPLACE, Key: key, Exptime: -1}},
		"append k 1 2 3":           {Kind: Block, Answer: Answer{Verb: VerbAppend}, Envelope: wire.Envelope{Op: shardv1.Op_OP_APPEND, Key: key, Flags: 1, Exptime: 2}, Bytes: 3},
		"prepend k 1 2 3":          {Kind: Block, Answer: Answer{Verb: VerbPrepend}, Envelope: wire.Envelope{Op: shardv1.Op_OP_PREPEND, Key: key, Flags: 1, Exptime: 2}, Bytes: 3},
		"cas k 1 2 3 4":            {Kind: Block, Answer: Answer{Verb: VerbCas}, Envelope: wire.Envelope{Op: shardv1.Op_OP_CAS, Key: key, Flags: 1, Exptime: 2, Cas: 4}, Bytes: 3},
		"cas k 1 2 3 4 noreply":    {Kind: Block, Answer: Answer{Verb: VerbCas, NoReply: true}, Envelope: wire.Envelope{Op: shardv1.Op_OP_CAS, Key: key, Flags: 1, Exptime: 2, Cas: 4}, Bytes: 3},
		"delete k":                 {Kind: Call, Answer: Answer{Verb: VerbDelete}, Envelope: wire.Envelope{Op: shardv1.Op_OP_DELETE, Key: key}},
		"delete k 0 noreply":       {Kind: Call, Answer: Answer{Verb: VerbDelete, NoReply: true}, Envelope: wire.Envelope{Op: shardv1.Op_OP_DELETE, Key: key}},
		"incr k 5":                 {Kind: Call, Answer: Answer{Verb: VerbIncr}, Envelope: wire.Envelope{Op: shardv1.Op_OP_INCR, Key: key, Delta: 5}},
		"decr k 5 noreply":         {Kind: Call, Answer: Answer{Verb: VerbDecr, NoReply: true}, Envelope: wire.Envelope{Op: shardv1.Op_OP_DECR, Key: key, Delta: 5}},
		"touch k 5":                {Kind: Call, Answer: Answer{Verb: VerbTouch}, Envelope: wire.Envelope{Op: shardv1.Op_OP_TOUCH, Key: key, Exptime: 5}},
		"touch k 2147483648":       {Kind: Call, Answer: Answer{Verb: VerbTouch}, Envelope: wire.Envelope{Op: shardv1.Op_OP_TOUCH, Key: key, Exptime: -1 << 31}},
		"mn":                       {Kind: Local, Answer: Answer{Verb: VerbMn}},
		"quit":                     {Kind: Close, Answer: Answer{Verb: VerbQuit}},
		"version":                  {Kind: Local, Answer: Answer{Verb: VerbVersion}},
		"stats":                    {Kind: Barrier, Answer: Answer{Verb: VerbStats}, Args: []byte{}},
		"stats detail on":          {Kind: Barrier, Answer: Answer{Verb: VerbStats}, Args: []byte(" detail on")},
		"flush_all":                {Kind: Barrier, Answer: Answer{Verb: VerbFlushAll}},
		"flush_all noreply":        {Kind: Barrier, Answer: Answer{Verb: VerbFlushAll, NoReply: true}},
		"flush_all 10 noreply":     {Kind: Barrier, Answer: Answer{Verb: VerbFlushAll, NoReply: true}, Envelope: wire.Envelope{Exptime: 10}},
		"verbosity 2":              {Kind: Local, Answer: Answer{Verb: VerbVerbosity}},
		"verbosity 2 noreply":      {Kind: Local, Answer: Answer{Verb: VerbVerbosity, NoReply: true}},
		"shutdown graceful":        {Kind: Barrier, Answer: Answer{Verb: VerbShutdown}, Args: []byte(" graceful")},
		"  flush_all   10 noreply": {Kind: Barrier, Answer: Answer{Verb: VerbFlushAll, NoReply: true}, Envelope: wire.Envelope{Exptime: 10}},
	} {
		var c Command
		if err := Parse([]byte(line), &c); err != OK || !reflect.DeepEqual(c, want) {
			t.Errorf("%q: %v\ngot  %+v\nwant %+v", line, err, c, want)
		}
	}
}

// TestParseOverwrites: nothing of one command shows in the next, whatever the next is.
func TestParseOverwrites(t *testing.T) {
	for _, line := range []string{"mn", "", "bogus", "get k", "set", "set k x 0 1"} {
		var clean, used Command
		if err := Parse([]byte("cas k 1 2 3 4 noreply"), &used); err != OK {
			t.Fatal(err)
		}
		Parse([]byte(line), &clean)
		Parse([]byte(line), &used)
		if !reflect.DeepEqual(clean, used) {
			t.Errorf("%q: %+v, and after a cas %+v", line, clean, used)
		}
	}
}

// TestKeyLength tries the limit in every verb that takes a key.
func TestKeyLength(t *testing.T) {
	for _, format := range []string{
		"get K", "gets a K", "gat 0 K", "gats 0 a K", "set K 0 0 1", "add K 0 0 1", "replace K 0 0 1", "append K 0 0 1",
		"prepend K 0 0 1", "cas K 0 0 1 1", "delete K", "incr K 1", "decr K 1", "touch K 1",
	} {
		for length, want := range map[int]Error{1: OK, 249: OK, 250: OK, 251: ErrBadFormat, 2000: ErrBadFormat} {
			line := strings.Replace(format, "K", strings.Repeat("k", length), 1)
			var c Command
			if err := Parse([]byte(line), &c); err != want {
				t.Errorf("%s, %d bytes: %q, want %q", format, length, err, want)
			}
		}
	}
}

// TestVerbNames: every verb is found by its name and by nothing near it.
func TestVerbNames(t *testing.T) {
	for v := VerbNone + 1; int(v) < len(verbs); v++ {
		name := v.String()
		if strings.Contains(name, " ") {
			continue // found by its second word
		}
		for word, want := range map[string]Verb{
			name: v, name + "x": VerbNone, strings.ToUpper(name): VerbNone, name + "\x00": VerbNone, " " + name: VerbNone,
		} {
			if got := max(verbOf([]byte(word)), adminVerbOf([]byte(word))); got != want {
				t.Errorf("%q is %s, want %s", word, got, want)
			}
		}
	}
	if got := Verb(len(verbs)).String(); got != "invalid" {
		t.Errorf("a verb that is none is called %q", got)
	}
}

// TestErrorLines: every error has its line, except those that say nothing or are the binary protocol's alone.
func TestErrorLines(t *testing.T) {
	for e := OK; int(e) <= len(errorLines); e++ {
		line := string(AppendError([]byte("before "), e))
		if e == OK || e.Closes() || e == ErrAuthContinue {
			if line != "before " {
				t.Errorf("error %d says %q", e, line)
			}
			if _, ok := faults[e]; !ok && e != OK && e != ErrHTTP && e != ErrMagic {
				t.Errorf("error %d has no status", e)
			}
			continue
		}
		if !errorLine(strings.TrimPrefix(line, "before ")) {
			t.Errorf("error %d says %q", e, line)
		}
	}
}

// errorWords are what an error line begins with.
var errorWords = strings.Fields(`ERROR CLIENT_ERROR SERVER_ERROR Error
	BADCLASS BUSY NOTSTARTED NOSPARE SAME MEMLIMIT_TOO_SMALL MEMLIMIT_ADJUST_FAILED WATCHER_TOO_MANY`)

func errorLine(line string) bool {
	text, ended := strings.CutSuffix(line, "\r\n")
	word, _, _ := strings.Cut(text, " ")
	known := slices.Contains(errorWords, strings.TrimSuffix(word, ":"))
	return ended && known && !strings.ContainsAny(text, "\r\n")
}
