package differential

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// ErrDifferent says that two servers answered a script differently.
var ErrDifferent = errors.New("differential: the replies differ")

// Reference starts a memcached to compare with. It has one thread: with others,
// one may still hold a value, sent or looked at, when another counts it down,
// and whether a shorter result is padded depends on that.
func Reference(t testing.TB) string {
	t.Helper()
	_, address := harness.Memcached(t, "-t", "1", "-o", "no_lru_maintainer,no_lru_crawler")
	return address
}

// Compare flushes two servers, plays a script on both and returns the first
// difference, if there is one, as ErrDifferent.
func Compare(reference, subject string, script Script) error {
	left, right := newServer(reference), newServer(subject)
	defer left.close()
	defer right.close()
	flush := Step{Commands: []string{"flush_all\r\n"}}
	for i, step := range append(Script{flush}, script...) {
		want, err := left.play(step)
		if err != nil {
			return fmt.Errorf("the reference, step %d: %w", i, err)
		}
		got, err := right.play(step)
		if err != nil {
			return fmt.Errorf("%w: step %d: the subject: %w", ErrDifferent, i, err)
		}
		if err := same(want, got); err != nil {
			return fmt.Errorf("%w: step %d: %w", ErrDifferent, i, err)
		}
	}
	return nil
}

// same compares the replies to one step.
func same(want, got []string) error {
	for i := range want {
		if i >= len(got) {
			return fmt.Errorf("reply %d: want %s, got none", i, harness.Shorten(want[i]))
		}
		if want[i] != got[i] {
			return fmt.Errorf("reply %d: want %s, got %s", i, harness.Shorten(want[i]), harness.Shorten(got[i]))
		}
	}
	if len(got) > len(want) {
		return fmt.Errorf("one reply too many: %s", harness.Shorten(got[len(want)]))
	}
	return nil
}

// server is one of the two that play a script.
type server struct {
	address string
	conns   [Connections]*harness.Conn
	// learned is the cas unique that the server last told for a key.
	learned map[string]string
	// names gives each unique that was seen a name, in order of appearance.
	names map[string]string
}

func newServer(address string) *server {
	return &server{address: address, learned: map[string]string{}, names: map[string]string{}}
}

func (s *server) close() {
	for _, conn := range s.conns {
		if conn != nil {
			conn.Close()
		}
	}
}

// lastCommand is sent behind each step. It is answered whatever happened, which
// tells where the step's replies end.
const lastCommand, lastReply = "mn\r\n", "MN\r\n"

// play sends a step and returns its replies, uniques replaced by their names.
func (s *server) play(step Step) ([]string, error) {
	conn, err := s.conn(step.Conn)
	if err != nil {
		return nil, err
	}
	text := s.fill(strings.Join(step.Commands, ""))
	marks := strings.Count(text, lastCommand)
	if !step.quits() { // behind a quit it would make the server reset the connection
		text += lastCommand
		marks++
	}
	sent := make(chan error, 1)
	go func() { sent <- conn.SendChunks(text, step.chunks()) }()
	var replies []string
	for marks > 0 || step.quits() {
		reply, err := conn.Reply()
		if err != nil && step.quits() && errors.Is(err, io.EOF) {
			conn.Close()
			s.conns[step.Conn] = nil
			break
		}
		if err != nil {
			return replies, fmt.Errorf("after %d replies: %w", len(replies), err)
		}
		if reply == lastReply {
			marks--
		}
		replies = append(replies, s.name(reply))
	}
	return replies, <-sent
}

func (s *server) conn(i int) (*harness.Conn, error) {
	var err error
	if s.conns[i] == nil {
		s.conns[i], err = harness.Open(s.address)
	}
	return s.conns[i], err
}

var placeholder = regexp.MustCompile(`\{cas ([^}]+)\}`)

// fill replaces {cas KEY} by what the server last told; by 0, which no entry has,
// if it told nothing.
func (s *server) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(text string) string {
		key := placeholder.FindStringSubmatch(text)[1]
		if unique, ok := s.learned[key]; ok {
			return unique
		}
		return "0"
	})
}

// name replaces the uniques in a reply by names, and learns them.
func (s *server) name(reply string) string {
	values, last, err := harness.Values(reply)
	if err != nil || len(values) == 0 {
		return s.nameMeta(reply)
	}
	var named strings.Builder
	for _, value := range values {
		cas := ""
		if value.Cas != "" {
			s.learned[value.Key] = value.Cas
			cas = " " + s.nameOf(value.Cas)
		}
		fmt.Fprintf(&named, "VALUE %s %s %d%s\r\n%s\r\n", value.Key, value.Flags, len(value.Data), cas, value.Data)
	}
	return named.String() + last + "\r\n"
}

func (s *server) nameOf(unique string) string {
	name, ok := s.names[unique]
	if !ok {
		name = fmt.Sprintf("{unique %d}", len(s.names))
		s.names[unique] = name
	}
	return name
}
