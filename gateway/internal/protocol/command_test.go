package protocol

import (
	"reflect"
	"strings"
	"testing"
)

// TestParse shows, for each verb, what lands where.
func TestParse(t *testing.T) {
	key := []byte("k")
	for line, want := range map[string]Command{
		"get k":                    {Verb: VerbGet, Keys: []byte(" k")},
		"gets k l":                 {Verb: VerbGets, Keys: []byte(" k l")},
		"gat 10 k":                 {Verb: VerbGat, Exptime: 10, Keys: []byte(" k")},
		"gats -1 k l":              {Verb: VerbGats, Exptime: -1, Keys: []byte(" k l")},
		"set k 1 2 3":              {Verb: VerbSet, Key: key, Flags: 1, Exptime: 2, Bytes: 3},
		"add k 1 2 3 noreply":      {Verb: VerbAdd, Key: key, Flags: 1, Exptime: 2, Bytes: 3, NoReply: true},
		"replace k 0 -1 0":         {Verb: VerbReplace, Key: key, Exptime: -1},
		"append k 1 2 3":           {Verb: VerbAppend, Key: key, Flags: 1, Exptime: 2, Bytes: 3},
		"prepend k 1 2 3":          {Verb: VerbPrepend, Key: key, Flags: 1, Exptime: 2, Bytes: 3},
		"cas k 1 2 3 4":            {Verb: VerbCas, Key: key, Flags: 1, Exptime: 2, Bytes: 3, Cas: 4},
		"cas k 1 2 3 4 noreply":    {Verb: VerbCas, Key: key, Flags: 1, Exptime: 2, Bytes: 3, Cas: 4, NoReply: true},
		"delete k":                 {Verb: VerbDelete, Key: key},
		"delete k 0 noreply":       {Verb: VerbDelete, Key: key, NoReply: true},
		"incr k 5":                 {Verb: VerbIncr, Key: key, Delta: 5},
		"decr k 5 noreply":         {Verb: VerbDecr, Key: key, Delta: 5, NoReply: true},
		"touch k 5":                {Verb: VerbTouch, Key: key, Exptime: 5},
		"touch k 2147483648":       {Verb: VerbTouch, Key: key, Exptime: -1 << 31},
		"mn":                       {Verb: VerbMn},
		"quit":                     {Verb: VerbQuit},
		"version":                  {Verb: VerbVersion},
		"stats":                    {Verb: VerbStats, Args: []byte{}},
		"stats detail on":          {Verb: VerbStats, Args: []byte(" detail on")},
		"flush_all":                {Verb: VerbFlushAll},
		"flush_all noreply":        {Verb: VerbFlushAll, NoReply: true},
		"flush_all 10 noreply":     {Verb: VerbFlushAll, Exptime: 10, NoReply: true},
		"verbosity 2":              {Verb: VerbVerbosity},
		"verbosity 2 noreply":      {Verb: VerbVerbosity, NoReply: true},
		"shutdown graceful":        {Verb: VerbShutdown, Args: []byte(" graceful")},
		"  flush_all   10 noreply": {Verb: VerbFlushAll, Exptime: 10, NoReply: true},
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
	for v := VerbNone + 1; int(v) < len(verbNames); v++ {
		name := v.String()
		for word, want := range map[string]Verb{
			name: v, name + "x": VerbNone, strings.ToUpper(name): VerbNone, name + "\x00": VerbNone, " " + name: VerbNone,
		} {
			if got := max(verbOf([]byte(word)), adminVerbOf([]byte(word))); got != want {
				t.Errorf("%q is %s, want %s", word, got, want)
			}
		}
	}
	if got := Verb(len(verbNames)).String(); got != "invalid" {
		t.Errorf("a verb that is none is called %q", got)
	}
}

// TestErrorLines: every error has its line, except the two that say nothing.
func TestErrorLines(t *testing.T) {
	for e := OK; int(e) <= len(errorLines); e++ {
		line := string(AppendError([]byte("before "), e))
		if e == OK || e.Closes() {
			if line != "before " {
				t.Errorf("error %d says %q", e, line)
			}
			continue
		}
		if !errorLine(strings.TrimPrefix(line, "before ")) {
			t.Errorf("error %d says %q", e, line)
		}
	}
}

func errorLine(line string) bool {
	text, ended := strings.CutSuffix(line, "\r\n")
	known := text == "ERROR" || strings.HasPrefix(text, "CLIENT_ERROR ") || strings.HasPrefix(text, "SERVER_ERROR")
	return ended && known && !strings.ContainsAny(text, "\r\n")
}
