package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/certs"
	"github.com/memactor/memactor/cluster/certs/certstest"
)

// startTLS serves actors by TLS, and returns what clients need.
func startTLS(t testing.TB, change ...func(*Options)) (*Server, string, *tls.Config) {
	t.Helper()
	ca := certstest.NewAuthority(t, "ca")
	pair := ca.Issue(t, "server", "127.0.0.1")
	store, err := certs.Open(certs.Files{Cert: pair.Cert, Key: pair.Key}, func(s certs.Set) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{s.Certificate}, SessionTicketsDisabled: true}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	opts := options(&actors{store: map[string][]byte{}})
	opts.TLS = store
	for _, f := range change {
		f(&opts)
	}
	s := New(opts)
	address := listen(t, s, s.ServeTLS)
	text, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return s, address, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

func dialTLS(t *testing.T, address string, config *tls.Config) *peer {
	t.Helper()
	p := dial(t, address)
	secured := tls.Client(p.Conn, config)
	if err := secured.Handshake(); err != nil {
		t.Fatal(err)
	}
	p.Conn = secured
	p.r.Reset(secured)
	return p
}

func TestTLS(t *testing.T) {
	s, address, config := startTLS(t)
	p := dialTLS(t, address, config)
	p.send("set a 0 0 3\r\nabc\r\nget a\r\n")
	p.expect("STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n")
	p.send("ge")
	p.send("t a b\r\nget")
	p.expect("VALUE a 0 3\r\nabc\r\nEND\r\n")
	p.send(" a\r\nquit\r\nget a\r\n")
	p.expect("VALUE a 0 3\r\nabc\r\nEND\r\n")
	p.expectClosed()
	if n := s.counts.newSessions.Load(); n != 1 {
		t.Errorf("%d new sessions", n)
	}
}

// Values of many records, both ways, and in between versions.
func TestTLSLargeValues(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		_, address, config := startTLS(t)
		config.MaxVersion = version
		p := dialTLS(t, address, config)
		body := strings.Repeat("0123456789abcdef", 60_000)
		go func() {
			_, _ = io.WriteString(p.Conn, "set a 0 0 960000\r\n"+body+"\r\n"+strings.Repeat("get a\r\n", 10))
		}()
		p.expect("STORED\r\n")
		for range 10 {
			p.expect("VALUE a 0 960000\r\n" + body + "\r\nEND\r\n")
		}
	}
}

// shred is a client's socket that sends a byte at a time: records come in pieces.
type shred struct{ net.Conn }

func (s shred) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := s.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func TestTLSRecordsInPieces(t *testing.T) {
	_, address, config := startTLS(t)
	p := dial(t, address)
	secured := tls.Client(shred{p.Conn}, config)
	p.Conn = secured
	p.r.Reset(secured)
	for range 20 {
		p.send("set a 0 0 3\r\nabc\r\nget a\r\n")
		p.expect("STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n")
	}
}

// A client that has said all it has to say is answered all the same.
func TestTLSHalfClosed(t *testing.T) {
	_, address, config := startTLS(t)
	p := dialTLS(t, address, config)
	p.send("set a 0 0 3\r\nabc\r\nget a\r\n")
	if err := p.Conn.(*tls.Conn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.expect("STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n")
	p.expectClosed()
}

func TestTLSStrangers(t *testing.T) {
	s, address, config := startTLS(t)
	plain := dial(t, address)
	plain.send("get a\r\n")
	_, _ = io.ReadAll(plain) // an alert, perhaps
	eventually(t, "the failed handshake is counted", func() bool { return s.counts.handshakeErrors.Load() == 1 })

	p := dialTLS(t, address, config)
	p.send("mn\r\n")
	p.expect("MN\r\n")
	raw := p.Conn.(*tls.Conn).NetConn()
	if _, err := io.WriteString(raw, "\x17\x03\x03\x00\x20"+strings.Repeat("x", 32)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(raw)
	eventually(t, "the false record is counted", func() bool { return s.counts.protoErrors.Load() == 1 })
	eventually(t, "nobody is left", func() bool { return s.Conns() == 0 })
}

func TestTLSHandshakeThatNeverComes(t *testing.T) {
	s, address, _ := startTLS(t, func(o *Options) { o.Timeouts.Handshake = time.Second })
	p := dial(t, address)
	p.send("\x16\x03\x01")
	p.expectClosed()
	eventually(t, "it is counted", func() bool { return s.counts.timedOut.Load() == 1 && s.counts.handshakeErrors.Load() == 1 })
}

// Shutdown ends those that are idle and those that have not got that far.
func TestTLSShutdown(t *testing.T) {
	s, address, config := startTLS(t)
	idle := dialTLS(t, address, config)
	idle.send("mn\r\n")
	idle.expect("MN\r\n")
	shaking := dial(t, address)
	eventually(t, "two connections", func() bool { return s.Conns() == 2 })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	for _, p := range []*peer{idle, shaking} {
		if _, err := io.ReadAll(p); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("not closed")
		}
	}
}

// An idle connection holds TLS's state and no buffer, although the client's side is
// counted as well here.
func TestIdleTLSConnectionsHoldNoBuffer(t *testing.T) {
	const conns = 200
	_, address, config := startTLS(t, func(o *Options) { o.MaxConns = conns })
	before := heap()
	for range conns {
		p := dialTLS(t, address, config)
		p.r = nil // its own buffer is not to count
		p.send("mn\r\n")
		if _, err := io.ReadFull(p.Conn, make([]byte, len("MN\r\n"))); err != nil {
			t.Fatal(err)
		}
	}
	if each := (heap() - before) / conns; each > bufferSize {
		t.Errorf("%d bytes of heap for both ends of an idle connection", each)
	} else {
		t.Logf("%d bytes of heap for both ends of an idle connection", each)
	}
}

func TestStatsOfTLS(t *testing.T) {
	_, address, config := startTLS(t)
	p := dialTLS(t, address, config)
	p.send("stats\r\n")
	var got bytes.Buffer
	for !strings.HasSuffix(got.String(), "END\r\n") {
		line, err := p.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(line)
	}
	for _, want := range []string{"ssl_handshake_errors 0", "ssl_proto_errors 0", "ssl_new_sessions 1", "time_since_server_cert_refresh 0"} {
		if !strings.Contains(got.String(), "STAT "+want+"\r\n") {
			t.Errorf("no %q in\n%s", want, got.String())
		}
	}
}

func BenchmarkTLSGet(b *testing.B) { benchmarkGet(b, true) }

func BenchmarkPlainGet(b *testing.B) { benchmarkGet(b, false) }

// benchmarkGet is one get at a time, the client's share included.
func benchmarkGet(b *testing.B, secured bool) {
	_, address, config := startTLS(b)
	if !secured {
		s := New(options(&actors{store: map[string][]byte{}}))
		address = listen(b, s, s.Serve)
	}
	nc, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	if secured {
		nc = tls.Client(nc, config)
	}
	answer := make([]byte, len("END\r\n"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.WriteString(nc, "get a\r\n"); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(nc, answer); err != nil {
			b.Fatal(err)
		}
	}
}
