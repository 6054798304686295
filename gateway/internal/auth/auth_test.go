package auth

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "auth")
	write(t, path, text)
	return path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	f, err := Open(file(t, "ann:secret\r\nbob:with:colons and spaces\nann:next\nlast:line"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		user, password string
		want           bool
	}{
		{"ann", "secret", true}, {"ann", "next", true}, {"bob", "with:colons and spaces", true}, {"last", "line", true},
		{"ann", "secre", false}, {"ann", "secrets", false}, {"ann", "", false}, {"", "secret", false}, {"ann", "line", false},
		{"bob:with", "colons and spaces", false}, {"ANN", "secret", false}, {"last", "lin", false}, {"", "", false},
	} {
		if got := f.Check([]byte(test.user), []byte(test.password)); got != test.want {
			t.Errorf("%q %q: %v", test.user, test.password, got)
		}
	}
	if checks, refused := f.Counts(); checks != 13 || refused != 9 {
		t.Errorf("%d checks, %d refused", checks, refused)
	}
	f.ResetCounts()
	if checks, refused := f.Counts(); checks != 0 || refused != 0 {
		t.Errorf("after the reset %d, %d", checks, refused)
	}
}

func TestBadFilesAreNamedByLine(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, test := range []struct{ text, says string }{
		{"", "no line"}, {"ann:secret\nsecret\n", "line 2: no colon"}, {"ann:secret\n\nbob:b\n", "line 2: no colon"},
		{":secret\n", "line 1: nothing before"}, {"a:b\nann:\n", "line 2: nothing before or behind"},
		{"secret:" + long, "line 1: longer than 254"}, {"a:secret\x00b\n", "line 1: a NUL"},
		{strings.Repeat("a:secret\n", maxFile/8), "larger than"},
	} {
		_, err := Open(file(t, test.text))
		if !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%.20q: %v", test.text, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells what is in the file: %v", err)
		}
	}
	if _, err := Open("nowhere"); !errors.Is(err, ErrFile) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(file(t, "a:"+long[:maxLine-2]+"\n")); err != nil {
		t.Errorf("the longest line: %v", err)
	}
}

func TestReload(t *testing.T) {
	path := file(t, "ann:old\n")
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	has := func(password string) bool { return f.Check([]byte("ann"), []byte(password)) }
	write(t, path, "ann:new\n")
	if !has("old") || has("new") {
		t.Error("changed before it was told to")
	}
	if err := f.Reload(); err != nil || has("old") || !has("new") {
		t.Errorf("not changed: %v", err)
	}
	write(t, path, "rubbish\n")
	if err := f.Reload(); !errors.Is(err, ErrFile) || !has("new") {
		t.Errorf("rubbish was taken: %v", err)
	}
}
