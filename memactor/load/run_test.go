package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// short is a run that is over soon.
func short(server string) Config {
	cfg := Default()
	cfg.Server = server
	cfg.Connections, cfg.Pipeline = 4, 8
	cfg.Keys = 500
	cfg.Duration = time.Second
	cfg.Timeout = 2 * time.Second
	return cfg
}

// mustRun fails the test if there is no result.
func mustRun(t *testing.T, cfg Config) *Result {
	t.Helper()
	result, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The same with the real memcached and with twemproxy is a test of e2e/bench.
func TestRun(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"tcp":                 func(*Config) {},
		"one at a time":       func(c *Config) { c.Connections, c.Pipeline = 1, 1 },
		"many connections":    func(c *Config) { c.Connections, c.Pipeline = 300, 4 },
		"deep pipeline":       func(c *Config) { c.Connections, c.Pipeline = 2, 5000 },
		"two threads":         func(c *Config) { c.Threads = 2 },
		"more threads":        func(c *Config) { c.Threads, c.Connections = 8, 3 },
		"gets only":           func(c *Config) { c.Ratio = Ratio{0, 1} },
		"sets only":           func(c *Config) { c.Ratio = Ratio{1, 0} },
		"multiget":            func(c *Config) { c.Multiget = 100 },
		"multiget, pipelined": func(c *Config) { c.Multiget, c.Pipeline = 50, 20 },
		"values of one byte":  func(c *Config) { c.Size = 1 },
		"meta":                func(c *Config) { c.Protocol = Meta },
		"meta, deep pipeline": func(c *Config) { c.Protocol, c.Connections, c.Pipeline = Meta, 2, 5000 },
		"meta, multiget":      func(c *Config) { c.Protocol, c.Multiget, c.Pipeline = Meta, 50, 20 },
		"large values":        func(c *Config) { c.Size, c.Keys, c.Pipeline, c.Ratio = 300_000, 20, 2, Ratio{1, 1} },
	} {
		t.Run(name, func(t *testing.T) {
			server := &fake{tamper: honest}
			cfg := short(server.start(t))
			cfg.Populate = true
			change(&cfg)
			checkGood(t, &cfg, mustRun(t, cfg))
		})
	}
}

// checkGood checks what holds for every run without errors over a populated server.
func checkGood(t *testing.T, cfg *Config, r *Result) {
	t.Helper()
	if r.Errors.Sum() != 0 || len(r.Faults) != 0 {
		t.Errorf("errors %+v %q", r.Errors, r.Faults)
	}
	if r.Misses != 0 || r.Hits != r.Gets*uint64(cfg.stride()) {
		t.Errorf("%d gets, %d hits, %d misses", r.Gets, r.Hits, r.Misses)
	}
	if (r.Sets > 0) != (cfg.Ratio.Sets > 0) || (r.Gets > 0) != (cfg.Ratio.Gets > 0) {
		t.Errorf("%d sets and %d gets at %v", r.Sets, r.Gets, cfg.Ratio)
	}
	if r.OpsPerSecond <= 0 || r.KeysPerSecond < r.OpsPerSecond*0.999 || r.Seconds < cfg.Duration.Seconds() {
		t.Errorf("%.0f ops/s, %.0f keys/s in %.3f s", r.OpsPerSecond, r.KeysPerSecond, r.Seconds)
	}
	l := r.Latency
	if !(0 < l.P50 && l.P50 <= l.P99 && l.P99 <= l.P999 && l.P999 <= l.Max) {
		t.Errorf("latency %+v", l)
	}
}

func TestTheRatioIsWhatTheServerSees(t *testing.T) {
	server := &fake{tamper: honest}
	cfg := short(server.start(t))
	cfg.Ratio = Ratio{Sets: 1, Gets: 4}
	r := mustRun(t, cfg)
	if share := float64(r.Gets) / float64(r.Sets); math.Abs(share-4) > 0.1 {
		t.Errorf("%d sets, %d gets", r.Sets, r.Gets)
	}
}

func TestAnEmptyServerMisses(t *testing.T) {
	server := &fake{tamper: honest}
	cfg := short(server.start(t))
	cfg.Ratio = Ratio{0, 1}
	for cfg.Protocol = Text; cfg.Protocol <= Meta; cfg.Protocol++ {
		for _, cfg.Multiget = range []int{0, 10} {
			r := mustRun(t, cfg)
			if r.Hits != 0 || r.Misses != r.Gets*uint64(cfg.stride()) || r.Errors.Sum() != 0 {
				t.Errorf("%v: %+v", cfg.Protocol, r)
			}
		}
	}
}

func TestPopulateStoresEveryKey(t *testing.T) {
	server := &fake{tamper: honest}
	cfg := short(server.start(t))
	cfg.Populate, cfg.Ratio = true, Ratio{0, 1}
	r := mustRun(t, cfg)
	server.mu.Lock()
	defer server.mu.Unlock()
	if r.Misses != 0 || len(server.values) != cfg.Keys {
		t.Errorf("%d misses, %d keys stored", r.Misses, len(server.values))
	}
}

func honest(replies [][]byte) [][]byte { return replies }

// The checker is checked: each of these servers has a bug, and the run must tell.
func TestAServerWithABugIsCaught(t *testing.T) {
	swap := func(replies [][]byte) [][]byte {
		if n := len(replies); n >= 2 {
			replies[n-1], replies[n-2] = replies[n-2], replies[n-1]
		}
		return replies
	}
	isValue := func(reply []byte) bool {
		return bytes.HasPrefix(reply, []byte(valueStart)) || bytes.HasPrefix(reply, []byte(metaValueStart))
	}
	tests := []struct {
		name   string
		tamper func([][]byte) [][]byte
		counts func(Errors) uint64
	}{
		{"two replies change places", swap, func(e Errors) uint64 { return e.Wrong }},
		{"a byte of a value is changed", every(50, func(reply []byte) []byte {
			if isValue(reply) {
				reply[bytes.IndexByte(reply, '\n')+99] ^= 1
			}
			return reply
		}), func(e Errors) uint64 { return e.Wrong }},
		{"a value is cut, with the right length for it", every(50, func(reply []byte) []byte {
			return bytes.Replace(bytes.Replace(reply, []byte(" 100"), []byte(" 99"), 1), []byte("v\r\n"), []byte("\r\n"), 1)
		}), func(e Errors) uint64 { return e.Wrong }},
		{"a reply is sent twice", every(50, func(reply []byte) []byte {
			return append(reply, reply...)
		}), func(e Errors) uint64 { return e.Wrong }},
		{"a reply is swallowed", every(50, func([]byte) []byte {
			return []byte("\r\n")
		}), func(e Errors) uint64 { return e.Wrong }},
		{"a reply is binary", every(50, func([]byte) []byte {
			return []byte("\x81\x00\x00\x00\n")
		}), func(e Errors) uint64 { return e.Wrong }},
		{"a command is refused", every(50, func([]byte) []byte {
			return []byte("SERVER_ERROR busy\r\n")
		}), func(e Errors) uint64 { return e.Refused }},
		{"a connection is closed", every(50, func([]byte) []byte { return nil }),
			func(e Errors) uint64 { return min(e.Broken, e.Unanswered) }},
		{"a connection is closed inside a reply", every(50, func(reply []byte) []byte {
			if isValue(reply) {
				return reply[:len(reply)-10]
			}
			return reply
		}), func(e Errors) uint64 { return e.Wrong }},
	}
	for _, test := range tests {
		for p := Text; p <= Meta; p++ {
			t.Run(test.name+", "+p.String(), func(t *testing.T) {
				server := &fake{tamper: test.tamper}
				cfg := short(server.start(t))
				cfg.Protocol, cfg.Keys = p, 20
				r := mustRun(t, cfg)
				if test.counts(r.Errors) == 0 || len(r.Faults) == 0 {
					t.Fatalf("not caught: %+v", r)
				}
				t.Logf("%+v %q", r.Errors, r.Faults)
			})
		}
	}
}

func TestASilentServerCostsTheTimeoutAndNoMore(t *testing.T) {
	server := &fake{tamper: func([][]byte) [][]byte { return nil }}
	cfg := short(server.start(t))
	cfg.Timeout = 200 * time.Millisecond
	began := time.Now()
	r := mustRun(t, cfg)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if r.Errors.Broken != 4 || r.Errors.Unanswered != 32 || !strings.Contains(r.Faults[0], "no reply within 200ms") {
		t.Errorf("%+v %q", r.Errors, r.Faults)
	}
}

// A stall at the end of the run is waited for, and does not lower the rate of the time that was measured.
func TestTheWaitForTheLastRepliesIsNotMeasured(t *testing.T) {
	began := time.Now()
	server := &fake{tamper: func(replies [][]byte) [][]byte {
		if time.Since(began) > 100*time.Millisecond {
			time.Sleep(500 * time.Millisecond)
		}
		return replies
	}}
	cfg := short(server.start(t))
	cfg.Duration = 200 * time.Millisecond
	r := mustRun(t, cfg)
	if r.Seconds > 0.4 || r.Errors.Sum() != 0 {
		t.Errorf("measured for %.3f s, %+v", r.Seconds, r.Errors)
	}
}

func TestAUnixSocket(t *testing.T) {
	server := &fake{tamper: honest}
	cfg := short(server.listen(t, "unix", filepath.Join(t.TempDir(), "fake.sock")))
	cfg.Populate = true
	checkGood(t, &cfg, mustRun(t, cfg))
}

func TestNoServer(t *testing.T) {
	for _, server := range []string{"127.0.0.1:1", filepath.Join(t.TempDir(), "none.sock")} {
		_, err := Run(t.Context(), short(server))
		if !errors.Is(err, ErrConnect) || !strings.Contains(err.Error(), "0 of 4 connections open") {
			t.Errorf("%s: %v", server, err)
		}
	}
}

func TestAServerThatDoesNotAcceptIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	cfg := short(listener.Addr().String()) // the kernel accepts, nobody answers
	cfg.Timeout = 100 * time.Millisecond
	if r := mustRun(t, cfg); r.Errors.Broken != 4 {
		t.Errorf("%+v", r.Errors)
	}
}

func TestABadConfigurationDoesNotRun(t *testing.T) {
	cfg := Default()
	cfg.Keys = -1
	if _, err := Run(t.Context(), cfg); !errors.Is(err, ErrRange) {
		t.Error(err)
	}
}

func TestPopulatingThatFailsIsAnError(t *testing.T) {
	server := &fake{tamper: every(100, func([]byte) []byte { return []byte("SERVER_ERROR out of memory storing object\r\n") })}
	cfg := short(server.start(t))
	cfg.Populate = true
	_, err := Run(t.Context(), cfg)
	if !errors.Is(err, ErrPopulate) || !strings.Contains(err.Error(), "495 of 500 keys stored") || !strings.Contains(err.Error(), "out of memory") {
		t.Error(err)
	}
}

func TestCancellingEndsTheMeasurementEarly(t *testing.T) {
	server := &fake{tamper: honest}
	cfg := short(server.start(t))
	cfg.Duration = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	r, err := Run(ctx, cfg)
	if err != nil || time.Since(began) > 5*time.Second || r.Errors.Sum() != 0 || r.Gets == 0 {
		t.Errorf("after %v: %+v, %v", time.Since(began), r, err)
	}
}

func TestCancellingWhilePopulatingIsAnError(t *testing.T) {
	server := &fake{tamper: func(replies [][]byte) [][]byte {
		time.Sleep(50 * time.Millisecond)
		return replies
	}}
	cfg := short(server.start(t))
	cfg.Populate, cfg.Keys = true, 100_000
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, cfg); !errors.Is(err, ErrPopulate) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestProgressIsReportedAndEndsWithTheRun(t *testing.T) {
	server := &fake{tamper: honest}
	cfg := short(server.start(t))
	cfg.Duration = 350 * time.Millisecond
	var reports, last atomic.Int64
	cfg.Progress = func(p Progress) {
		reports.Add(1)
		last.Store(int64(p.Answers))
		if p.Phase != "measure" || p.Done < 0 || p.Done > 1 {
			t.Errorf("%+v", p)
		}
	}
	mustRun(t, cfg)
	after := reports.Load()
	if after < 2 || last.Load() == 0 {
		t.Errorf("%d reports, the last of %d answers", after, last.Load())
	}
	time.Sleep(2 * progressEvery)
	if reports.Load() != after {
		t.Error("progress was reported after the run")
	}
}

func TestResultAsJSON(t *testing.T) {
	cfg := Default()
	counts := newTally()
	counts.sets, counts.hits, counts.wrong = 3, 7, 1
	counts.answered(2_000_000)
	counts.flush()
	var r Result
	r.take(&cfg, counts)
	text, err := json.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"ratio":"1:10"`, `"protocol":"text"`, `"sets":3`, `"hits":7`, `"wrong":1`, `"p50":200`, `"connections":50`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}
