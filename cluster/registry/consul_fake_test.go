package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/shard"
)

// fakeConsul answers reads of the map from a script: what real agents do only in
// bad moments.
type fakeConsul struct {
	*httptest.Server

	mu     sync.Mutex
	script []fakeAnswer
	asked  []fakeQuestion
	done   chan struct{} // closed when the script is over
}

// fakeAnswer is one answer: a status other than 200, an index with a map (nil: no
// such key), or silence.
type fakeAnswer struct {
	status   int
	index    uint64
	table    *shard.Map
	filtered bool
	hang     bool
}

// fakeQuestion is what was asked for.
type fakeQuestion struct {
	index, token, wait string
}

func newFakeConsul(t *testing.T, script ...fakeAnswer) *fakeConsul {
	t.Helper()
	f := &fakeConsul{script: script, done: make(chan struct{})}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeConsul) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, ok := f.next(fakeQuestion{
		index: r.URL.Query().Get("index"), wait: r.URL.Query().Get("wait"), token: r.Header.Get("X-Consul-Token"),
	})
	if !ok || answer.hang {
		<-r.Context().Done()
		return
	}
	if answer.status != 0 {
		http.Error(w, "No cluster leader", answer.status)
		return
	}
	w.Header().Set("X-Consul-Index", strconv.FormatUint(answer.index, 10))
	w.Header().Set("X-Consul-Lastcontact", "0")
	if answer.filtered {
		w.Header().Set("X-Consul-Results-Filtered-By-Acls", "true")
	}
	if answer.table == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = fmt.Fprintf(w, `[{"Key":"memactor/test/map","ModifyIndex":%d,"Value":%q}]`,
		answer.index, base64.StdEncoding.EncodeToString(shard.Encode(answer.table)))
}

// next takes a question down. When the script is over, it is not answered any more.
func (f *fakeConsul) next(q fakeQuestion) (fakeAnswer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, q)
	if len(f.script) == 0 {
		if len(f.asked) > 0 && f.done != nil {
			close(f.done)
			f.done = nil
		}
		return fakeAnswer{}, false
	}
	answer := f.script[0]
	f.script = f.script[1:]
	return answer, true
}

// play lets a registry follow the fake to the end of its script.
func (f *fakeConsul) play(t *testing.T, options ConsulOptions) (*Consul, []fakeQuestion) {
	t.Helper()
	done := f.done
	options.Address, options.Cluster, options.Log = f.URL, "test", zerolog.Nop()
	c, err := NewConsul(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the script is not over")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return c, f.asked
}

func indexes(asked []fakeQuestion) string {
	list := make([]string, 0, len(asked))
	for _, q := range asked {
		list = append(list, q.index)
	}
	return strings.Join(list, ",")
}

// versions makes maps of one cluster, of these versions.
func versions(t *testing.T, clusterID string, numbers ...uint64) []*shard.Map {
	t.Helper()
	list := make([]*shard.Map, 0, len(numbers))
	for _, n := range numbers {
		m, err := shard.New(shard.Table{ClusterID: clusterID, Version: n, Shards: []shard.Entry{{Owner: -1}}})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

func TestFollowWaitsBehindTheLastIndex(t *testing.T) {
	m := versions(t, "test/1", 1, 2)
	c, asked := newFakeConsul(t, fakeAnswer{index: 7, table: m[0]}, fakeAnswer{index: 9, table: m[1]}).play(t, ConsulOptions{})
	if got := indexes(asked); got != ",7,9" {
		t.Errorf("asked behind %s", got)
	}
	if asked[1].wait != "60000ms" {
		t.Errorf("waits %s", asked[1].wait)
	}
	if got := c.known(); !got.Equal(m[1]) {
		t.Error(got)
	}
}

func TestFollowStartsAnewWhenTheIndexGoesBack(t *testing.T) {
	m := versions(t, "test/1", 1, 2)
	_, asked := newFakeConsul(t,
		fakeAnswer{index: 70, table: m[0]}, fakeAnswer{index: 3, table: m[1]}, fakeAnswer{index: 3, table: m[1]},
	).play(t, ConsulOptions{})
	if got := indexes(asked); got != ",70,,3" {
		t.Errorf("asked behind %s", got)
	}
}

// What a Consul was waiting on when it was restored from a snapshot is answered at
// once, with no news; waiting behind the index of then would take the whole wait.
func TestFollowStartsAnewWhenTheStoreWasReplaced(t *testing.T) {
	m := versions(t, "test/1", 1, 2)
	_, asked := newFakeConsul(t,
		fakeAnswer{index: 70, table: m[0]}, fakeAnswer{index: 70, table: m[0]}, fakeAnswer{index: 3, table: m[1]},
	).play(t, ConsulOptions{})
	if got := indexes(asked); got != ",70,,3" {
		t.Errorf("asked behind %s", got)
	}
}

// Index 0 would be answered at once, and again, and again.
func TestFollowNeverSendsIndexZeroAfterAnAnswer(t *testing.T) {
	_, asked := newFakeConsul(t, fakeAnswer{index: 0}, fakeAnswer{index: 2}).play(t, ConsulOptions{})
	if got := indexes(asked); got != ",1,2" {
		t.Errorf("asked behind %s", got)
	}
}

// A Consul that was away may have come back empty: its index starts anew, and
// waiting behind the old one would take for ever.
func TestFollowStartsAnewAfterErrors(t *testing.T) {
	m := versions(t, "test/1", 1)
	c, asked := newFakeConsul(t,
		fakeAnswer{index: 70, table: m[0]}, fakeAnswer{status: 500}, fakeAnswer{status: 500}, fakeAnswer{index: 71, table: m[0]},
	).play(t, ConsulOptions{})
	if got := indexes(asked); got != ",70,,,71" {
		t.Errorf("asked behind %s", got)
	}
	if got := c.known(); !got.Equal(m[0]) {
		t.Error(got)
	}
}

// A call that is not answered ends some time after it should have been.
func TestFollowGivesUpOnSilence(t *testing.T) {
	m := versions(t, "test/1", 1)
	started := time.Now()
	_, asked := newFakeConsul(t, fakeAnswer{hang: true}, fakeAnswer{index: 5, table: m[0]}, fakeAnswer{hang: true}, fakeAnswer{index: 6, table: m[0]}).
		play(t, ConsulOptions{Timeout: 200 * time.Millisecond, Wait: 160 * time.Millisecond})
	if got := indexes(asked); got != ",,5,,6" {
		t.Errorf("asked behind %s", got)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// What a token may not read looks as if it were not there.
func TestFollowDoesNotTakeFilteredForEmpty(t *testing.T) {
	m := versions(t, "test/1", 1)
	c, asked := newFakeConsul(t, fakeAnswer{index: 5, table: m[0]}, fakeAnswer{index: 6, filtered: true}, fakeAnswer{index: 6, table: m[0]}).
		play(t, ConsulOptions{})
	if got := indexes(asked); got != ",5,,6" {
		t.Errorf("asked behind %s", got)
	}
	if got := c.known(); !got.Equal(m[0]) {
		t.Error(got)
	}
}

func TestConsulNeverTakesAnOlderOrForeignMap(t *testing.T) {
	m := versions(t, "test/1", 5, 4, 6)
	foreign := versions(t, "test/2", 9)[0]
	c, _ := newFakeConsul(t,
		fakeAnswer{index: 1, table: m[0]}, fakeAnswer{index: 2, table: m[1]}, fakeAnswer{index: 3, table: foreign}, fakeAnswer{index: 4},
	).play(t, ConsulOptions{})
	if got := c.known(); !got.Equal(m[0]) {
		t.Error(got)
	}
	c, _ = newFakeConsul(t,
		fakeAnswer{index: 1, table: m[0]}, fakeAnswer{index: 2, table: m[1]}, fakeAnswer{index: 3, table: foreign}, fakeAnswer{index: 4, table: m[2]},
	).play(t, ConsulOptions{})
	if got := c.known(); !got.Equal(m[2]) {
		t.Error(got)
	}
}

func TestTokenFileIsReadEachTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	m := versions(t, "test/1", 1)
	f := newFakeConsul(t, fakeAnswer{status: 403}, fakeAnswer{status: 403}, fakeAnswer{status: 403}, fakeAnswer{index: 5, table: m[0]})
	time.AfterFunc(100*time.Millisecond, func() { write("second") })
	_, asked := f.play(t, ConsulOptions{TokenFile: file})
	if first, last := asked[0].token, asked[len(asked)-1].token; first != "first" || last != "second" {
		t.Errorf("token %q, then %q", first, last)
	}
}

func TestConsulEnvironment(t *testing.T) {
	m := versions(t, "test/1", 1)
	f := newFakeConsul(t, fakeAnswer{index: 5, table: m[0]})
	done := f.done
	t.Setenv("CONSUL_HTTP_ADDR", f.URL)
	t.Setenv("CONSUL_HTTP_TOKEN", "of-the-environment")
	c, err := NewConsul(ConsulOptions{Cluster: "test", Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	<-done
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked[0].token != "of-the-environment" {
		t.Errorf("token %q", f.asked[0].token)
	}
}

func TestConsulOptionsAreChecked(t *testing.T) {
	for name, options := range map[string]ConsulOptions{
		"a cluster that is a path":   {Cluster: "a/b"},
		"a TTL that Consul refuses":  {TTL: time.Second},
		"three shards":               {Shards: 3},
		"a negative time-out":        {Timeout: -1},
		"a token file that is not":   {TokenFile: "/does/not/exist"},
		"a CA file that is not":      {Address: "https://localhost:1", CAFile: "/does/not/exist"},
		"half a client certificate":  {Address: "https://localhost:1", CertFile: "/does/not/exist"},
		"an unknown kind of address": {Address: "ftp://localhost:1"},
	} {
		c, err := NewConsul(options)
		if !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
}

func TestNextIndex(t *testing.T) {
	for _, test := range []struct{ sent, got, want uint64 }{
		{0, 0, 1}, {0, 5, 5}, {5, 5, 5}, {5, 9, 9}, {9, 5, 0}, {1, 0, 0},
	} {
		if next := nextIndex(test.sent, test.got, false); next != test.want {
			t.Errorf("after %d, %d: %d, want %d", test.sent, test.got, next, test.want)
		}
	}
	if nextIndex(5, 5, true) != 0 || nextIndex(0, 0, true) != 1 || nextIndex(5, 9, true) != 9 || nextIndex(0, 5, true) != 5 {
		t.Error("an early answer without news is a replaced store, and no other answer is")
	}
}

// The first pause is short and no pause is longer than Settle's default minus what
// joining again takes: a coordinator that founds a cluster waits for whoever is in
// such a pause.
func TestBackoff(t *testing.T) {
	for failures := range 100 {
		if d := backoff(failures); d < 50*time.Millisecond || d > 2*time.Second || failures == 0 && d > 100*time.Millisecond {
			t.Errorf("after %d failures: %v", failures, d)
		}
	}
}

// Outages do not make a process call more often than its pauses say.
func TestFollowPausesBetweenFailures(t *testing.T) {
	script := make([]fakeAnswer, 1000)
	for i := range script {
		script[i].status = 500
	}
	f := newFakeConsul(t, script...)
	c, err := NewConsul(ConsulOptions{Address: f.URL, Cluster: "test", Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	<-ctx.Done()
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.asked); n > 10 {
		t.Errorf("%d calls in 2 s", n)
	}
}
