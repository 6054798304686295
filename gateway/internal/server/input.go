package server

import (
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/memactor/memactor/gateway/internal/session"
)

// bufferSize is that of a read buffer which has not had to grow for a long command.
const bufferSize = 16 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// input is a connection's read buffer. It has memory only while bytes are in it.
type input struct {
	buf  *[]byte
	r, w int // the bytes between them are unread

	// The result of a read, and the function that does it, which is made once.
	n    int
	err  error
	read func(fd uintptr) bool
}

// unread are the bytes that no command has taken. They stay in place until fill.
func (in *input) unread() []byte {
	if in.buf == nil {
		return nil
	}
	return (*in.buf)[in.r:in.w]
}

// taken drops n unread bytes.
func (in *input) taken(n int) { in.r += n }

// fill waits until there is something to read, and reads what fits. io.EOF at the end.
func (in *input) fill(raw syscall.RawConn) (int, error) {
	in.makeRoom()
	if in.read == nil {
		in.read = in.tryRead
	}
	if err := raw.Read(in.read); err != nil {
		return 0, err
	}
	return in.n, in.err
}

// readFrom reads once what r has now. The buffer is held on to only while bytes are
// in it.
func (in *input) readFrom(r io.Reader) (int, error) {
	in.makeRoom()
	if in.buf == nil {
		in.buf = buffers.Get().(*[]byte)
	}
	n, err := r.Read((*in.buf)[in.w:])
	in.w += n
	if in.w == 0 {
		in.release()
	}
	return n, err
}

// extra is what the buffer will be larger, after the next fill, than that of a connection
// with small commands.
func (in *input) extra() int {
	if in.buf == nil || in.r == in.w {
		return 0
	}
	return len(*in.buf) - bufferSize
}

// growth is by how much fill will make the buffer larger.
func (in *input) growth() int {
	if in.buf == nil || in.r > 0 || in.w < len(*in.buf) {
		return 0
	}
	return len(*in.buf)
}

// makeRoom moves the unread bytes to the front, and doubles a buffer that is full
// of them: memory grows with what has come, not with what was announced.
func (in *input) makeRoom() {
	switch {
	case in.buf == nil:
	case in.r == in.w:
		in.release()
	case in.r > 0:
		in.w = copy(*in.buf, (*in.buf)[in.r:in.w])
		in.r = 0
	case in.w == len(*in.buf):
		bigger := make([]byte, 2*in.w)
		copy(bigger, *in.buf)
		in.buf = &bigger
	}
}

// tryRead reads once, without blocking; false: nothing there, wait and call again.
// Only here an idle connection gets a buffer.
func (in *input) tryRead(fd uintptr) bool {
	if in.buf == nil {
		in.buf = buffers.Get().(*[]byte)
	}
	in.n, in.err = readOnce(int(fd), (*in.buf)[in.w:])
	if errors.Is(in.err, syscall.EAGAIN) {
		if in.w == 0 {
			in.release()
		}
		return false
	}
	in.w += in.n
	return true
}

func readOnce(fd int, p []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, p)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// release gives the buffer back, and what is unread with it.
func (in *input) release() {
	if in.buf != nil && len(*in.buf) == bufferSize {
		buffers.Put(in.buf)
	}
	in.buf, in.r, in.w = nil, 0, 0
}

// memory is what a connection needs while it answers.
type memory struct {
	round session.Round
	out   []byte
}

// maxOut is the largest output buffer that is kept for the next connection.
const maxOut = 256 << 10

var memories = sync.Pool{New: func() any { return new(memory) }}

func takeMemory() *memory { return memories.Get().(*memory) }

func (m *memory) release() {
	m.round.Reset()
	if cap(m.out) > maxOut {
		m.out = nil
	}
	memories.Put(m)
}
