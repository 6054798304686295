package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is a memcached that answers set and get, ms and mg rightly, except that a test may tamper with its replies.
type fake struct {
	mu     sync.Mutex
	values map[string][]byte

	// tamper gets the replies to the commands that one read brought, and what it returns is sent instead. An empty
	// reply closes the connection at that point. It is called by the goroutine of each connection.
	tamper func(replies [][]byte) [][]byte
}

// start listens until the test ends, and returns host:port.
func (f *fake) start(t *testing.T) string {
	t.Helper()
	return f.listen(t, "tcp", "127.0.0.1:0")
}

func (f *fake) listen(t *testing.T, network, address string) string {
	t.Helper()
	f.values = make(map[string][]byte)
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait() // the generator has closed its connections
	})
	return listener.Addr().String()
}

func (f *fake) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReaderSize(conn, 1<<20)
	for {
		replies, err := f.batch(in)
		if err != nil {
			return
		}
		for _, reply := range f.tamper(replies) {
			if len(reply) == 0 {
				return
			}
			if _, err := conn.Write(reply); err != nil {
				return
			}
		}
	}
}

// batch answers at least one command, and all others that have arrived with it.
func (f *fake) batch(in *bufio.Reader) ([][]byte, error) {
	var replies [][]byte
	for len(replies) == 0 || in.Buffered() > 0 {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		reply, err := f.answer(strings.Fields(line), in)
		if err != nil {
			return nil, err
		}
		if len(reply) > 0 { // a quiet miss has none
			replies = append(replies, reply)
		}
	}
	return replies, nil
}

func (f *fake) answer(words []string, in io.Reader) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch words[0] {
	case "set":
		return []byte("STORED\r\n"), f.store(words[1], words[4], in)
	case "ms":
		return []byte("HD\r\n"), f.store(words[1], words[2], in)
	case "mn":
		return []byte("MN\r\n"), nil
	case "mg":
		return f.metaGet(words[1], slices.Contains(words, "q")), nil
	default:
		return f.get(words[1:]), nil
	}
}

func (f *fake) store(key, length string, in io.Reader) error {
	size, err := strconv.Atoi(length)
	if err != nil {
		return err
	}
	value := make([]byte, size+2)
	if _, err := io.ReadFull(in, value); err != nil {
		return err
	}
	f.values[key] = value[:size]
	return nil
}

func (f *fake) get(keys []string) []byte {
	var reply bytes.Buffer
	for _, key := range keys {
		if value, ok := f.values[key]; ok {
			fmt.Fprintf(&reply, "VALUE %s 0 %d\r\n%s\r\n", key, len(value), value)
		}
	}
	reply.WriteString("END\r\n")
	return reply.Bytes()
}

// metaGet answers mg; the generator asks for the key in the reply where it asks to be spared misses.
func (f *fake) metaGet(key string, quiet bool) []byte {
	value, ok := f.values[key]
	switch {
	case ok && quiet:
		return fmt.Appendf(nil, "VA %d f0 k%s\r\n%s\r\n", len(value), key, value)
	case ok:
		return fmt.Appendf(nil, "VA %d f0\r\n%s\r\n", len(value), value)
	case quiet:
		return nil
	default:
		return []byte("EN\r\n")
	}
}

// every calls change for each n-th reply of a server, over all connections.
func every(n int, change func(reply []byte) []byte) func([][]byte) [][]byte {
	var mu sync.Mutex
	count := 0
	return func(replies [][]byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		for i := range replies {
			if count++; count%n == 0 {
				replies[i] = change(replies[i])
			}
		}
		return replies
	}
}
