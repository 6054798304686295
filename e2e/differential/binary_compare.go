package differential

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"syscall"

	"github.com/memactor/memactor/e2e/harness"
)

// CompareBinary is Compare of the binary protocol.
func CompareBinary(reference, subject string, script BinaryScript) error {
	left, right := newBinaryServer(reference), newBinaryServer(subject)
	defer left.close()
	defer right.close()
	flush := BinaryStep{Frames: []Frame{{Opcode: opFlush}}}
	for i, step := range append(BinaryScript{flush}, script...) {
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

// binaryServer is one of the two that play a script.
type binaryServer struct {
	server

	// uniques are the cas uniques that the server last told, by key.
	uniques map[string]uint64
}

func newBinaryServer(address string) *binaryServer {
	return &binaryServer{server: *newServer(address), uniques: map[string]uint64{}}
}

// lastOpaque is that of the noop behind a step.
const lastOpaque = 1<<32 - 1

// play sends a step and returns its answers, uniques replaced by their names.
func (s *binaryServer) play(step BinaryStep) ([]string, error) {
	conn, err := s.conn(step.Conn)
	if err != nil {
		return nil, err
	}
	sent := make(chan error, 1)
	text := s.encode(step)
	go func() { sent <- conn.SendChunks(text, Step{Cuts: step.Cuts}.chunks()) }()
	var answers []string
	for {
		a, err := readAnswer(conn)
		if err != nil && step.ends() && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) {
			conn.Close()
			s.conns[step.Conn] = nil
			<-sent // it may have been cut off
			return answers, nil
		}
		if err != nil {
			return answers, fmt.Errorf("after %d answers: %w", len(answers), err)
		}
		if a.opcode == opNoop && a.opaque == lastOpaque {
			return answers, <-sent
		}
		answers = append(answers, s.describe(a, step))
	}
}

// encode makes bytes of a step. The opaque of each frame is its index.
func (s *binaryServer) encode(step BinaryStep) string {
	var text strings.Builder
	for i, f := range step.Frames {
		text.WriteString(f.encode(uint32(i), s.cas(f)))
	}
	if !step.ends() {
		text.WriteString(Frame{Opcode: opNoop}.encode(lastOpaque, 0))
	}
	return text.String()
}

// cas is the unique that a frame's header gets. The one of a key that the server told none for is one that no entry
// has: 0 would mean none.
func (s *binaryServer) cas(f Frame) uint64 {
	const other = 1<<64 - 2
	if f.Cas == "" {
		return 0
	}
	if unique, ok := s.uniques[f.Cas]; ok {
		return unique
	}
	return other
}

// describe is an answer with its unique named. What else differs between versions is left out.
func (s *binaryServer) describe(a answer, step BinaryStep) string {
	unique := "-"
	if a.cas != 0 {
		unique = s.nameOf(strconv.FormatUint(a.cas, 10))
		if int(a.opaque) < len(step.Frames) {
			s.uniques[step.Frames[a.opaque].Key] = a.cas
		}
	}
	if a.opcode == opVersion && a.status == 0 {
		a.body = "{version}"
	}
	return fmt.Sprintf("%#02x of frame %d: status %#02x, %d bytes of extras, %d of key, cas %s, body %s",
		a.opcode, a.opaque, a.status, a.extras, a.keyLen, unique, harness.Shorten(a.body)+sum(a.body))
}

// sum tells long bodies apart which Shorten does not.
func sum(body string) string {
	const short = 240
	if len(body) <= short {
		return ""
	}
	return fmt.Sprintf(" %x", crc32.ChecksumIEEE([]byte(body)))
}
