package protocol

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// recordedInputs are the inputs of the transcripts, which seed every fuzz target here: all but those of the admin
// commands, of which the oracle does not know.
func recordedInputs(tb testing.TB) (inputs [][]byte) {
	tb.Helper()
	for _, name := range []string{"testdata/classic.txt", "testdata/meta.txt", "testdata/hostile.txt"} {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if input, found := strings.CutPrefix(line, "> "); found {
				inputs = append(inputs, unescape(tb, strings.TrimSuffix(input, "\n")))
			}
		}
	}
	return inputs
}

// recordedLines are the lines in those inputs, data blocks taken for lines too.
func recordedLines(tb testing.TB) (lines [][]byte) {
	tb.Helper()
	for _, input := range recordedInputs(tb) {
		for line, n, ok := Line(input); ok; line, n, ok = Line(input) {
			lines = append(lines, line)
			input = input[n:]
		}
	}
	return lines
}

// FuzzParse holds the parser to the oracle, and to its promises about what it reads and hands out.
func FuzzParse(f *testing.F) {
	for _, line := range recordedLines(f) {
		if len(line) < 4096 {
			f.Add(line)
		}
	}
	f.Fuzz(checkLine)
}

// FuzzParseMeta does the same of meta commands alone: what follows the command's name is drawn.
func FuzzParseMeta(f *testing.F) {
	verbs := []string{"mg", "ms", "md", "ma", "me"}
	for _, line := range recordedLines(f) {
		if i := slices.Index(verbs, string(line[:min(2, len(line))])); i >= 0 && len(line) < 4096 {
			f.Add(uint8(i), line[2:])
		}
	}
	f.Fuzz(func(t *testing.T, verb uint8, rest []byte) {
		checkLine(t, slices.Concat([]byte(verbs[int(verb)%len(verbs)]), rest))
	})
}

func checkLine(t *testing.T, line []byte) {
	t.Helper()
	var c Command
	err := Parse(line, &c)
	if got, want := describe(&c, err), oracle(string(line)); got != want {
		t.Fatalf("%q\ngot  %q\nwant %q", line, got, want)
	}
	checkCommand(t, &c, err, line)
	checkSurroundings(t, &c, err, line)
	if err == OK {
		checkPlain(t, &c)
	}
}

// checkCommand checks what the caller relies on without looking.
func checkCommand(t *testing.T, c *Command, err Error, line []byte) {
	t.Helper()
	for _, part := range [][]byte{c.Key, c.Keys, c.Args, c.Request} {
		if c.Base64 && len(part) > 0 && len(c.Key) > 0 && &part[0] == &c.Key[0] {
			continue
		}
		if len(part) > 0 && !borrows(line, part) {
			t.Fatalf("%q: %q is not of the line", line, part)
		}
	}
	if err != OK {
		if c.Swallow != 0 && (verbs[c.Verb].kind != Block || c.Swallow != c.Bytes+2) {
			t.Fatalf("%q: swallows %d behind %s", line, c.Swallow, c.Verb)
		}
		return
	}
	if c.Verb == VerbNone || c.Swallow != 0 || c.Bytes < 0 || len(c.Key) > MaxKey {
		t.Fatalf("%q: %+v", line, c)
	}
	if bytes.ContainsRune(c.Key, ' ') && !c.Base64 || (c.Key != nil && len(c.Key) == 0) {
		t.Fatalf("%q: key %q", line, c.Key)
	}
}

// borrows says whether part lies within line, in memory.
func borrows(line, part []byte) bool {
	for i := range line {
		if &line[i] == &part[0] {
			return i+len(part) <= len(line)
		}
	}
	return false
}

// checkSurroundings parses the line where more digits, spaces and words follow and precede it in memory.
func checkSurroundings(t *testing.T, c *Command, err Error, line []byte) {
	t.Helper()
	for _, around := range []string{"9999", " 7 ", " noreply", "\t", "k"} {
		buf := slices.Concat([]byte(around), line, []byte(around))
		var again Command
		errAgain := Parse(buf[len(around):len(around)+len(line)], &again)
		if got, want := describe(&again, errAgain), describe(c, err); got != want {
			t.Fatalf("%q within %q\ngot  %q\nwant %q", line, around, got, want)
		}
	}
}

// checkPlain parses the plain form of a command, which must be the command. One has none: a delete of the key
// "noreply" that is to be answered needs some word behind the key.
func checkPlain(t *testing.T, c *Command) {
	t.Helper()
	if c.Verb == VerbDelete && string(c.Key) == "noreply" && !c.NoReply {
		return
	}
	plain := render(c)
	var again Command
	if err := Parse([]byte(plain), &again); err != OK || render(&again) != plain {
		t.Fatalf("%q: %v, %q", plain, err, render(&again))
	}
}

// FuzzWalk cuts a stream anywhere: what is read up to the cut is how the whole begins.
func FuzzWalk(f *testing.F) {
	for _, input := range recordedInputs(f) {
		if len(input) < 1024 {
			f.Add(input)
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole := walk(stream)
		for cut := range min(len(stream), maxLine) {
			part := walk(stream[:cut])
			for len(part) > 0 && isWaiting(part[len(part)-1]) {
				part = part[:len(part)-1] // the storage command that waits is in the whole too
			}
			if len(part) > len(whole) || !slices.Equal(part, whole[:len(part)]) {
				t.Fatalf("%q cut at %d\ngot  %q\nwant %q", stream, cut, part, whole)
			}
		}
	})
}

func isWaiting(step string) bool {
	return strings.HasPrefix(step, "<needs")
}
