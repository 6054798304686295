package transcript

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Talk is a conversation between clients and a server, written down so that it
// explains the protocol and can be played. In its text
//
//	# prose        explains
//	## title       begins a scene, which finds an empty server and opens new connections
//	$ memcached -A says with which options the server is started
//	> get a        is sent by a client
//	< END          is what it is answered
//	2> 2<          are sent by, and answered to, another client, of that name
//	~ line         is an answered line that may change places with those ~ around it
//	>x <x          are bytes in hexadecimal and "text"; what is behind | is a remark
//	-- 2 seconds   pass
//
// A line ends in \r\n, which is not written, unless it ends in a backslash. Other
// bytes have the escapes of a recording, and REP{text,n} is text n times. Lines of one
// client that follow each other are sent at once; if an answer follows them, all of it
// is written. What varies in an answer is
//
//	{number} {any}     digits; anything that is in one line
//	{1..100}           a number from 1 to 100
//	{cas:name}         a number, which in later lines is sent, or answered again
//	{4 bytes}          in hexadecimal: any four. {cas:name} is eight there
//	...                any lines, also none
//	<closed>           the server closes the connection
//
// "# only 1.6.45: why" in a scene says that Debian's memcached, which is older,
// answers otherwise; "# only memactor: why" that no memcached answers so.
type Talk struct {
	// File is the file's name.
	File string
	// Options are the server's.
	Options []string
	Scenes  []Scene
}

// Scene is a part of a talk that stands for itself.
type Scene struct {
	Title string
	// Only is who answers so: "1.6.45", "memactor", or "" for all.
	Only  string
	turns []turn
}

// turn is what comes next in a scene: lines that a client sends, lines that it is
// answered, or a pause.
type turn struct {
	number int // of its first line in the file
	client string
	hears  bool
	lines  []line
	pause  time.Duration
}

// line is a line that is sent or answered.
type line struct {
	text  string // as it is written
	hex   bool   // its bytes are written in hexadecimal
	loose bool   // it may change places with other such lines
}

// spoken is a line that is sent or answered: the client, the mark and the text.
var spoken = regexp.MustCompile(`^([0-9a-z]*)(>x?|<x?|~)(?: (.*))?$`)

// LoadTalk reads the talk in a file.
func LoadTalk(path string) (Talk, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Talk{}, err
	}
	talk, err := ParseTalk(string(text))
	talk.File = filepath.Base(path)
	if err != nil {
		return Talk{}, fmt.Errorf("%s: %w", talk.File, err)
	}
	return talk, nil
}

// ParseTalk reads a talk.
func ParseTalk(text string) (Talk, error) {
	var talk Talk
	number := 0
	for text := range strings.Lines(text) {
		number++
		if err := talk.add(number, strings.TrimSuffix(text, "\n")); err != nil {
			return Talk{}, fmt.Errorf("transcript: line %d: %q %w", number, text, err)
		}
	}
	for _, scene := range talk.Scenes {
		if err := scene.check(); err != nil {
			return Talk{}, fmt.Errorf("transcript: %s: %w", scene.Title, err)
		}
	}
	return talk, nil
}

func (t *Talk) add(number int, text string) error {
	mark, rest, _ := strings.Cut(text, " ")
	switch {
	case mark == "##":
		t.Scenes = append(t.Scenes, Scene{Title: rest})
	case mark == "$" && len(t.Scenes) == 0:
		t.Options = strings.Fields(rest)[1:]
	case mark == "" || mark == "#" && len(t.Scenes) == 0:
	case len(t.Scenes) == 0:
		return errors.New("stands before the first scene")
	default:
		return t.Scenes[len(t.Scenes)-1].add(number, mark, text)
	}
	return nil
}

func (s *Scene) add(number int, mark, text string) error {
	switch mark {
	case "#":
		if _, only, found := strings.Cut(text, "# only "); found {
			who, why, _ := strings.Cut(only, ":")
			if s.Only = who; why == "" {
				return errors.New("has no reason")
			}
		}
		return nil
	case "--":
		var seconds float64
		if _, err := fmt.Sscanf(text, "-- %g seconds", &seconds); err != nil {
			return fmt.Errorf("is no pause: %w", err)
		}
		s.turns = append(s.turns, turn{number: number, pause: time.Duration(seconds * float64(time.Second))})
		return nil
	}
	parts := spoken.FindStringSubmatch(text)
	if parts == nil {
		return errors.New("has no place here")
	}
	next := turn{number: number, client: parts[1], hears: parts[2][0] != '>'}
	if last := len(s.turns) - 1; last < 0 || s.turns[last].pause > 0 || s.turns[last].client != next.client || s.turns[last].hears != next.hears {
		s.turns = append(s.turns, next)
	}
	last := &s.turns[len(s.turns)-1]
	last.lines = append(last.lines, line{text: parts[3], hex: strings.HasSuffix(parts[2], "x"), loose: parts[2] == "~"})
	return nil
}

// check wants a scene that can be played and shows something: each client is
// answered at its end, or nobody would see whether it is answered rightly.
func (s *Scene) check() error {
	open := map[string]bool{}
	for _, turn := range s.turns {
		if turn.pause > 0 {
			continue
		}
		open[turn.client] = !turn.hears
		if _, err := compile(turn.lines); err != nil {
			return fmt.Errorf("line %d: %w", turn.number, err)
		}
	}
	for client, asks := range open {
		if asks {
			return fmt.Errorf("what %q says last has no answer", client)
		}
	}
	if s.Only != "" && s.Only != "1.6.45" && s.Only != "memactor" {
		return fmt.Errorf("only %q: there is no such server", s.Only)
	}
	return nil
}

// TellsTime reports whether the scene is about seconds, of which a machine that is
// busy may let some pass.
func (s *Scene) TellsTime() bool {
	return slices.ContainsFunc(s.turns, func(t turn) bool {
		return t.pause > 0 || t.hears && slices.ContainsFunc(t.lines, func(l line) bool { return strings.Contains(l.text, "..") })
	})
}
