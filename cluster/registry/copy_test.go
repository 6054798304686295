package registry

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// nowhere is an address where no Consul is.
const nowhere = "127.0.0.1:1"

func TestCopyIsWrittenAndStartedFrom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	m := versions(t, "test/1", 3, 4)
	f := newFakeConsul(t, fakeAnswer{index: 1, table: m[0]}, fakeAnswer{index: 2, table: m[1]})
	c, _ := f.play(t, ConsulOptions{Copy: path})
	deadline := time.Now().Add(10 * time.Second)
	for {
		if got, err := loadCopy(path); err == nil && got.Equal(m[1]) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no copy")
		}
		time.Sleep(time.Millisecond)
	}
	_ = c.Close()
	again, err := NewConsul(ConsulOptions{Address: nowhere, Cluster: "test", Copy: path, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if got := <-again.WatchMap(t.Context()); !got.Equal(m[1]) {
		t.Error(got)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// A map that is older than the copy is not taken: the copy is what this process
// has seen.
func TestCopyCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	m := versions(t, "test/1", 3, 4)
	if err := saveCopy(path, m[1]); err != nil {
		t.Fatal(err)
	}
	c, _ := newFakeConsul(t, fakeAnswer{index: 1, table: m[0]}).play(t, ConsulOptions{Copy: path})
	if got := c.known(); !got.Equal(m[1]) {
		t.Error(got)
	}
}

func TestCopyOfAnotherCluster(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	if err := saveCopy(path, versions(t, "other/1", 3)[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := NewConsul(ConsulOptions{Address: nowhere, Cluster: "test", Copy: path, Log: zerolog.Nop()}); !errors.Is(err, ErrOtherCluster) {
		t.Error(err)
	}
}

// Half a copy is none: it is no reason not to start.
func TestCopyThatIsBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	if err := os.WriteFile(path, []byte(`{"format":1,"clus`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := NewConsul(ConsulOptions{Address: nowhere, Cluster: "test", Copy: path, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if got := c.known(); got != nil {
		t.Error(got)
	}
}

func TestCopyThatCannotBeWritten(t *testing.T) {
	m := versions(t, "test/1", 3)[0]
	dir := t.TempDir()
	if err := saveCopy(filepath.Join(dir, "not", "there"), m); err == nil {
		t.Error("written into a directory that is not there")
	}
	if err := os.Mkdir(filepath.Join(dir, "map.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := saveCopy(filepath.Join(dir, "map.json"), m); err == nil {
		t.Error("written over a directory")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := NewConsul(ConsulOptions{Address: nowhere, Cluster: "test", Copy: dir, Log: zerolog.Nop()}); !errors.Is(err, ErrOptions) {
		t.Error(err)
	}
}
