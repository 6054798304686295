// Package certs keeps certificates that are read from files, and reads them again
// while connections go on: nothing has to be restarted when one is renewed.
//
// [Mutual] is the mutual TLS between gateways, shard nodes and Go programs that
// talk to the nodes themselves; [Store] is below it, and below the TLS of the
// gateway's clients.
package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// ErrFiles is a file that cannot be read, or does not hold what it should.
var ErrFiles = errors.New("certificates")

// Files say where the certificates are.
type Files struct {
	// Cert is a PEM file with the certificate and those between it and its CA.
	Cert string
	// Key is the file of its private key; "": the key is in Cert.
	Key string
	// KeyDER says that Key is in DER, not in PEM.
	KeyDER bool
	// CA is a PEM file with the certificates from which the other side's must
	// come; "": nobody's are verified.
	CA string
}

// Set is what the files hold.
type Set struct {
	Certificate tls.Certificate
	CA          *x509.CertPool // nil without a CA file
}

// Store is a T made of certificates, and made again when their files change: a
// tls.Config, or what stands for one. Safe for concurrent use.
type Store[T any] struct {
	files   Files
	build   func(Set) (T, error)
	current atomic.Pointer[made[T]]
	mu      sync.Mutex // of those who replace current
}

type made[T any] struct {
	value T
	from  [][]byte // the files
	at    time.Time
}

// Open reads the files and builds the first T. Errors are ErrFiles, and those of
// build.
func Open[T any](files Files, build func(Set) (T, error)) (*Store[T], error) {
	s := &Store[T]{files: files, build: build}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Current is what was built last.
func (s *Store[T]) Current() T { return s.current.Load().value }

// Since is when the files were read last with success.
func (s *Store[T]) Since() time.Time { return s.current.Load().at }

// Reload reads the files again. After an error the store holds what it held.
func (s *Store[T]) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts, err := s.files.read()
	if err != nil {
		return err
	}
	return s.replace(texts)
}

// replace is called with mu held.
func (s *Store[T]) replace(texts [][]byte) error {
	set, err := s.files.parse(texts)
	if err != nil {
		return err
	}
	value, err := s.build(set)
	if err != nil {
		return err
	}
	s.current.Store(&made[T]{value: value, from: texts, at: time.Now()})
	return nil
}

// watchGap is how often Watch looks. It compares what the files hold, so that it
// does not matter how they were replaced.
const watchGap = 5 * time.Second

// Watch reloads when the files have changed, until ctx ends. Files that cannot be
// used are reported once and tried again when they have changed again.
func (s *Store[T]) Watch(ctx context.Context, log zerolog.Logger) {
	ticker := time.NewTicker(watchGap)
	defer ticker.Stop()
	var bad [][]byte
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			bad = s.look(log, bad)
		}
	}
}

// look reloads if the files differ from what is in use, and from bad, which is what
// could not be used last time; it returns what could not be used now.
func (s *Store[T]) look(log zerolog.Logger, bad [][]byte) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts, err := s.files.read()
	if same(texts, s.current.Load().from) {
		return nil
	}
	if same(texts, bad) {
		return bad
	}
	if err == nil {
		err = s.replace(texts)
	}
	if err != nil {
		log.Error().Err(err).Msg("changed certificates not taken, the old ones stay")
		return texts
	}
	log.Info().Str("cert", s.files.Cert).Msg("changed certificates taken")
	return nil
}

func same(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) && (a == nil) == (b == nil) }

// read returns what cert, key and CA files hold; nil for one that there is not. What
// it could read it returns with an error, too.
func (f Files) read() ([][]byte, error) {
	texts := make([][]byte, 0, 3)
	var errs []error
	for _, path := range []string{f.Cert, f.Key, f.CA} {
		var text []byte
		var err error
		if path != "" {
			text, err = os.ReadFile(path) //nolint:gosec // the operator names the file
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%w: %w", ErrFiles, err))
		}
		texts = append(texts, text)
	}
	return texts, errors.Join(errs...)
}

func (f Files) parse(texts [][]byte) (Set, error) {
	cert, key, ca := texts[0], texts[1], texts[2]
	keyFile := f.Key
	switch {
	case f.Key == "":
		key, keyFile = cert, f.Cert
	case f.KeyDER:
		key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	}
	var set Set
	var err error
	if set.Certificate, err = tls.X509KeyPair(cert, key); err != nil {
		return set, fmt.Errorf("%w: %s with the key of %s: %w", ErrFiles, f.Cert, keyFile, err)
	}
	if f.CA == "" {
		return set, nil
	}
	set.CA = x509.NewCertPool()
	if !set.CA.AppendCertsFromPEM(ca) {
		return set, fmt.Errorf("%w: %s: no certificate in it", ErrFiles, f.CA)
	}
	return set, nil
}
