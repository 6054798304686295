package harness

import (
	"bytes"
	"sync"
)

// logBound is how many bytes of a process's output are kept: its end.
const logBound = 64 << 10

// Log keeps the end of what a process prints. It is an io.Writer that the
// process's copying goroutine writes to while a test reads it.
type Log struct {
	mu   sync.Mutex
	text []byte
}

// Write appends to the log and forgets the oldest bytes over the bound.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - logBound; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(p), nil
}

// String returns what is kept.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// Tail returns at most the last n lines of what is kept.
func (l *Log) Tail(n int) string {
	lines := bytes.Split([]byte(l.String()), []byte("\n"))
	if over := len(lines) - n; over > 0 {
		lines = lines[over:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}
