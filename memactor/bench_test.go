package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/memactor/load"
)

// emptyServer is a memcached that forgets everything: get and mg are misses, ms stores, and set is answered by the line
// stored.
func emptyServer(t *testing.T, stored string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			serving.Go(func() { forget(conn, stored) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

func forget(conn net.Conn, stored string) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewScanner(conn)
	for in.Scan() {
		verb, _, _ := strings.Cut(in.Text(), " ")
		if verb == "set" || verb == "ms" {
			in.Scan()
		}
		reply := map[string]string{"get": "END", "set": stored, "mg": "EN", "ms": "HD"}[verb]
		if _, err := io.WriteString(conn, reply+"\r\n"); err != nil {
			return
		}
	}
}

func TestBenchPrintsATable(t *testing.T) {
	server := emptyServer(t, "STORED")
	code, out, err := call(t, "bench", "-s", server, "-c", "3", "--pipeline", "4", "--seconds", "0.1", "--keys", "77")
	if code != daemon.ExitOK || err != "" {
		t.Fatalf("exit code %d, %q", code, err)
	}
	for _, want := range []string{
		server, "3 connections x 4 in flight", "sets:gets 1:10", "77 keys with values of 100 bytes",
		"ops/s", "keys/s", "hits", "0 (0.0 %)", "p50", "p99", "p99.9", "max", "errors",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Contains(out, "refused") || strings.Contains(out, "!") {
		t.Errorf("there were no errors, and yet\n%s", out)
	}
}

func TestBenchPrintsJSON(t *testing.T) {
	server := emptyServer(t, "STORED")
	code, out, err := call(t, "bench", "-s", server, "--seconds", "0.1", "--json")
	var result load.Result
	if bad := json.Unmarshal([]byte(out), &result); bad != nil || code != daemon.ExitOK || err != "" {
		t.Fatalf("exit code %d, %q, %v", code, err, bad)
	}
	if result.Gets == 0 || result.Misses != result.Gets || result.Latency.P50 <= 0 || result.Connections != 50 {
		t.Errorf("%+v", result)
	}
}

func TestBenchSpeaksMeta(t *testing.T) {
	server := emptyServer(t, "STORED")
	code, out, err := call(t, "bench", "-s", server, "--seconds", "0.1", "--protocol", "meta")
	if code != daemon.ExitOK || err != "" || !strings.Contains(out, "ms:mg 1:10") {
		t.Errorf("exit code %d, %q\n%s", code, err, out)
	}
	code, _, err = call(t, "bench", "-s", server, "--protocol", "binary")
	if code != daemon.ExitUsage || !strings.Contains(err, `unknown protocol "binary"`) {
		t.Errorf("exit code %d, %q", code, err)
	}
}

func TestBenchWithErrorsPrintsThemAndFails(t *testing.T) {
	server := emptyServer(t, "SERVER_ERROR out of memory storing object")
	code, out, err := call(t, "bench", "-s", server, "--seconds", "0.1")
	if code != daemon.ExitFailed || !strings.Contains(err, "the run had errors: ") {
		t.Errorf("exit code %d, %q", code, err)
	}
	for _, want := range []string{"refused", "! set b100-", ": SERVER_ERROR out of memory storing object"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

func TestBenchPopulateFailsWhereItCannotStore(t *testing.T) {
	server := emptyServer(t, "SERVER_ERROR out of memory storing object")
	code, out, err := call(t, "bench", "-s", server, "--seconds", "0.1", "--populate", "--keys", "10")
	if code != daemon.ExitFailed || out != "" || !strings.Contains(err, "0 of 10 keys stored") {
		t.Errorf("exit code %d, %q, %q", code, out, err)
	}
}

func TestBenchWithoutAServer(t *testing.T) {
	code, out, err := call(t, "bench", "-s", "127.0.0.1:1")
	if code != daemon.ExitFailed || out != "" || !strings.Contains(err, "connection refused") {
		t.Errorf("exit code %d, %q, %q", code, out, err)
	}
}

func TestThereIsNoProgressBarOffATerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, out := range []io.Writer{io.Discard, file} {
		progress, wipe := newProgress(out)
		wipe()
		if progress != nil {
			t.Errorf("a bar on %T", out)
		}
	}
}

func TestResultTable(t *testing.T) {
	r := &load.Result{
		Server: "host:1", Connections: 10, Pipeline: 1, Ratio: "0:1", Keys: 1000, Size: 100, Multiget: 100, Seconds: 2,
		OpsPerSecond: 14_512.3, KeysPerSecond: 1_451_230, Gets: 29_024, Hits: 2_900_000, Misses: 2400,
		Latency: load.Latency{P50: 55.12, P99: 1000, P999: 1234.5, Max: 2_000_000},
		Errors:  load.Errors{Wrong: 2, Broken: 1},
		Faults:  []string{"something is wrong"},
	}
	want := strings.TrimPrefix(`
host:1  10 connections x 1 in flight, sets:gets 0:1, 100 keys a get, 1000 keys with values of 100 bytes, 2.0 s

 throughput                14.5 k ops/s 
                          1.45 M keys/s 
 sets                                 0 
 gets                             29024 
 hits                  2900000 (99.9 %) 
 misses                            2400 
────────────────────────────────────────
 p50                            55.1 µs 
 p99                            1.00 ms 
 p99.9                          1.23 ms 
 max                             2.00 s 
────────────────────────────────────────
 errors                               3 
   wrong                              2 
   broken connections                 1 
  ! something is wrong
`, "\n")
	if got := resultTable(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRatesKeepThreeDigits(t *testing.T) {
	for rate, want := range map[float64]string{0: "0.0", 12.34: "12.3", 1234: "1.2 k", 123_456: "123.5 k", 1_234_567: "1.23 M"} {
		if got := perSecond(rate); got != want {
			t.Errorf("%v: %q", rate, got)
		}
	}
}

func TestLatenciesKeepTheirUnit(t *testing.T) {
	for us, want := range map[float64]string{0: "0.0 µs", 55.12: "55.1 µs", 1234.56: "1.23 ms", 2_000_000: "2.00 s"} {
		if got := microseconds(us); got != want {
			t.Errorf("%v: %q", us, got)
		}
	}
}
