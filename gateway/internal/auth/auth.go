// Package auth knows who may use the gateway: the users of an auth file (-Y), whose
// form is memcached's, a line user:password for each.
package auth

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// ErrFile is an auth file that cannot be used. The message names the line, and never
// what is in it.
var ErrFile = errors.New("auth file")

const (
	// maxLine is memcached's limit in bytes, the line end not counted.
	maxLine = 254
	// maxFile bounds what is read of a file that is something else.
	maxFile = 1 << 20
)

// File is an auth file, as it was when it was read last. Safe for concurrent use.
type File struct {
	path    string
	users   atomic.Pointer[[]user]
	checks  atomic.Uint64
	refused atomic.Uint64
}

// user is a line of the file. The digests are all that is kept: they have one length,
// and so their comparison takes the same time for every name and every password.
type user struct{ name, password [sha256.Size]byte }

// Open reads the file. Errors are ErrFile.
func Open(path string) (*File, error) {
	f := &File{path: path}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reload reads the file again. After an error the users are those of before.
func (f *File) Reload() error {
	users, err := read(f.path)
	if err != nil {
		return fmt.Errorf("%w %q: %w", ErrFile, f.path, err)
	}
	f.users.Store(&users)
	return nil
}

// Check says whether a user has that password, and counts. The slices are not kept.
func (f *File) Check(name, password []byte) bool {
	n, p := sha256.Sum256(name), sha256.Sum256(password)
	users, found := *f.users.Load(), 0
	for i := range users {
		u := &users[i]
		found |= subtle.ConstantTimeCompare(u.name[:], n[:]) & subtle.ConstantTimeCompare(u.password[:], p[:])
	}
	f.checks.Add(1)
	if found == 0 {
		f.refused.Add(1)
	}
	return found != 0
}

// Counts are how often Check was asked, and how often it said no.
func (f *File) Counts() (checks, refused uint64) { return f.checks.Load(), f.refused.Load() }

// ResetCounts starts the counts again.
func (f *File) ResetCounts() { f.checks.Store(0); f.refused.Store(0) }

func read(path string) ([]user, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	return parse(text)
}

func parse(text []byte) ([]user, error) {
	var users []user
	line := 0
	for part := range bytes.Lines(text) {
		line++
		u, err := parseLine(bytes.TrimRight(part, "\r\n"))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		users = append(users, u)
	}
	if len(users) == 0 {
		return nil, errors.New("no line user:password in it")
	}
	return users, nil
}

func parseLine(line []byte) (user, error) {
	name, password, ok := bytes.Cut(line, []byte(":"))
	switch {
	case len(line) > maxLine:
		return user{}, fmt.Errorf("longer than %d bytes", maxLine)
	case !ok:
		return user{}, errors.New("no colon; allowed: user:password")
	case len(name) == 0 || len(password) == 0:
		return user{}, errors.New("nothing before or behind the colon; allowed: user:password")
	case bytes.IndexByte(line, 0) >= 0:
		return user{}, errors.New("a NUL in it")
	}
	return user{name: sha256.Sum256(name), password: sha256.Sum256(password)}, nil
}
