package server

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/gateway/internal/protocol"
)

func TestEveryBarrierHasAHandler(t *testing.T) {
	args := map[protocol.Verb]string{
		protocol.VerbCacheMemlimit: "8", protocol.VerbMetadump: "all", protocol.VerbMgdump: "all",
		protocol.VerbConfig: "get cluster", protocol.VerbDebugTime: "1",
	}
	barriers := 0
	for v := protocol.VerbNone + 1; v.String() != "invalid"; v++ {
		var cmd protocol.Command
		protocol.Parse([]byte(v.String()+" "+args[v]), &cmd)
		if cmd.Kind != protocol.Barrier {
			continue
		}
		barriers++
		if handlers[v] == nil {
			t.Errorf("nobody executes %s", v)
		}
	}
	if barriers == 0 || barriers != len(handlers) {
		t.Errorf("%d barriers and %d handlers", barriers, len(handlers))
	}
}

// answering is the server's end of a connection, for a handler's output, and the client's.
func answering(t *testing.T) (*output, net.Conn) {
	t.Helper()
	s, _, address := start(t)
	client := dial(t, address)
	client.send("mn\r\n")
	client.expect("MN\r\n")
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		return &output{conn: c}, client.Conn
	}
	t.Fatal("no connection")
	return nil, nil
}

// An answer of any length takes bounded memory, and arrives whole.
func TestLongAnswers(t *testing.T) {
	out, client := answering(t)
	line, lines := strings.Repeat("x", 1000)+"\r\n", 20_000
	read := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(io.Discard, io.LimitReader(client, int64(lines*len(line))))
		read <- n
	}()
	for range lines {
		if _, err := io.WriteString(out, line); err != nil {
			t.Fatal(err)
		}
		if cap(out.buf) > 4*writeChunk {
			t.Fatalf("%d bytes held", cap(out.buf))
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := <-read; n != int64(lines*len(line)) {
		t.Errorf("%d bytes arrived", n)
	}
}

// A client that is gone ends the answer: the handler is told, and nothing piles up.
func TestAnswerToNobody(t *testing.T) {
	out, client := answering(t)
	_ = client.Close()
	var err error
	for deadline := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(deadline); {
		_, err = out.Write(make([]byte, writeChunk))
	}
	if err == nil {
		t.Fatal("nobody noticed")
	}
	if n, again := out.Write([]byte("x")); again == nil || len(out.buf) != 0 {
		t.Errorf("%d, %v, %d bytes held", n, again, len(out.buf))
	}
}

func TestSilentAnswer(t *testing.T) {
	out, client := answering(t)
	out.answer.NoReply = true
	if _, err := out.Write([]byte("OK\r\n")); err != nil || out.Flush() != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(client, "mn\r\n")
	got := make([]byte, 4)
	if _, err := io.ReadFull(client, got); err != nil || string(got) != "MN\r\n" {
		t.Errorf("%q, %v", got, err)
	}
}
