package certs

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/certs/certstest"
)

// serialOf is a build that tells which certificate it was given.
func serialOf(s Set) (string, error) {
	return s.Certificate.Leaf.SerialNumber.String(), nil
}

func open(t *testing.T, files Files) *Store[string] {
	t.Helper()
	s, err := Open(files, serialOf)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReload(t *testing.T) {
	ca := certstest.NewAuthority(t, "ca")
	pair := ca.Issue(t, "server", "127.0.0.1")
	s := open(t, Files{Cert: pair.Cert, Key: pair.Key, CA: ca.File})
	first, since := s.Current(), s.Since()

	ca.Renew(t, pair, "server", "127.0.0.1")
	if err := s.Reload(); err != nil || s.Current() == first || s.Since().Before(since) {
		t.Errorf("%v, %s after %s", err, s.Current(), first)
	}
	second, since := s.Current(), s.Since()
	for name, spoil := range map[string]func(){
		"no key":          func() { overwrite(t, pair.Key, "") },
		"another's key":   func() { overwrite(t, pair.Key, string(read(t, ca.Issue(t, "other").Key))) },
		"no certificate":  func() { overwrite(t, pair.Cert, "nothing") },
		"no CA in its":    func() { overwrite(t, ca.File, "nothing") },
		"files that went": func() { _ = os.Remove(pair.Cert); _ = os.Remove(pair.Key) },
	} {
		spoil()
		if err := s.Reload(); !errors.Is(err, ErrFiles) || s.Current() != second || !s.Since().Equal(since) {
			t.Errorf("%s: %v, and now it is %s", name, err, s.Current())
		}
	}
}

func TestBuildHasTheLastWord(t *testing.T) {
	pair := certstest.NewAuthority(t, "ca").Issue(t, "server")
	refused := errors.New("no")
	if _, err := Open(Files{Cert: pair.Cert, Key: pair.Key}, func(Set) (int, error) { return 0, refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	pair := certstest.NewAuthority(t, "ca").Issue(t, "server")
	for want, files := range map[string]Files{
		"nowhere.pem":    {Cert: "nowhere.pem", Key: pair.Key},
		"server-key.pem": {Cert: pair.Cert, Key: pair.Key, KeyDER: true},
		"server.pem":     {Cert: pair.Cert}, // the key is not in it
		"gone.pem":       {Cert: pair.Cert, Key: pair.Key, CA: "gone.pem"},
	} {
		if _, err := Open(files, serialOf); !errors.Is(err, ErrFiles) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestForms(t *testing.T) {
	pair := certstest.NewAuthority(t, "ca").Issue(t, "server")
	dir := t.TempDir()
	both, der := filepath.Join(dir, "both.pem"), filepath.Join(dir, "key.der")
	overwrite(t, both, string(read(t, pair.Cert))+string(read(t, pair.Key)))
	block, _ := pem.Decode(read(t, pair.Key))
	overwrite(t, der, string(block.Bytes))
	want := open(t, Files{Cert: pair.Cert, Key: pair.Key}).Current()
	for name, files := range map[string]Files{"one file": {Cert: both}, "DER": {Cert: pair.Cert, Key: der, KeyDER: true}} {
		if got := open(t, files).Current(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Watch takes changes by itself, reports what it cannot take once, and takes what
// comes after that.
func TestWatch(t *testing.T) {
	ca := certstest.NewAuthority(t, "ca")
	pair := ca.Issue(t, "server")
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		s := open(t, Files{Cert: pair.Cert, Key: pair.Key})
		first := s.Current()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { s.Watch(ctx, zerolog.New(&said)); close(ended) }()

		time.Sleep(10*watchGap + watchGap/2)
		synctest.Wait()
		if s.Current() != first || said.Len() > 0 {
			t.Errorf("nothing has changed: %s", said.String())
		}
		good := read(t, pair.Cert)
		overwrite(t, pair.Cert, "half of it")
		time.Sleep(10 * watchGap)
		synctest.Wait()
		if s.Current() != first || strings.Count(said.String(), "not taken") != 1 {
			t.Errorf("files of no use: %s", said.String())
		}
		overwrite(t, pair.Cert, string(good))
		ca.Renew(t, pair, "server")
		time.Sleep(watchGap)
		synctest.Wait()
		if s.Current() == first || strings.Count(said.String(), "certificates taken") != 1 {
			t.Errorf("renewed: %s", said.String())
		}
		cancel()
		<-ended
	})
}
