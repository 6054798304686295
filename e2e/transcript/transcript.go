// Package transcript reads and plays recordings of what a memcached answered.
//
// A recording is text. "# title" begins a section. "> input" is what was sent on
// a fresh connection to a server that had just been flushed, and "< answer", the
// next line, is all that came back. Both are written with the escapes of Python's
// bytes. In an input, " || " separates what was sent apart, and REP{text,n} is
// text n times. In an answer, a long text is cut in the middle, and <closed> at
// the end says that the server closed the connection.
//
// A [Talk] is for people first: a conversation in lines, with explanations.
package transcript

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// Case is one input and its recorded answer.
type Case struct {
	// Section is the title that the case stands under.
	Section string
	// Input is what is sent, as it is written in the recording.
	Input string
	// Answer is what came back, as it is written in the recording.
	Answer string
}

// String is the case as a recording writes it.
func (c Case) String() string { return "> " + c.Input + "\n< " + c.Answer }

// Load reads the recording in a file.
func Load(path string) ([]Case, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	cases, err := Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cases, nil
}

// Parse reads a recording.
func Parse(r io.Reader) ([]Case, error) {
	var cases []Case
	var section, input string
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		mark, text, _ := strings.Cut(lines.Text(), " ")
		switch {
		case mark == "":
		case mark == "#":
			section = text
		case mark == ">" && input == "":
			input = text
		case mark == "<" && input != "":
			cases = append(cases, Case{Section: section, Input: input, Answer: text})
			input = ""
		default:
			return nil, fmt.Errorf("transcript: line %d: %q has no place here", number, lines.Text())
		}
	}
	if input != "" {
		return nil, fmt.Errorf("transcript: %q has no answer", input)
	}
	return cases, lines.Err()
}

// Section returns the cases that stand under one of the titles.
func Section(cases []Case, titles ...string) []Case {
	var chosen []Case
	for _, c := range cases {
		for _, title := range titles {
			if c.Section == title {
				chosen = append(chosen, c)
			}
		}
	}
	return chosen
}
