// Package prefix counts what is done with the keys of one prefix, which is what
// stands before the first delimiter (memcached's stats detail).
package prefix

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// Delimiter ends a prefix. A key without it has none, and is not counted.
	Delimiter = ':'
	// maxPrefixes bounds the memory: what has a prefix above it is not counted.
	maxPrefixes = 4096
)

// Counts is what was done with the keys of one prefix.
type Counts struct {
	Prefix                    string
	Gets, Hits, Sets, Deletes uint64
}

// Table is the counts of all prefixes. The zero Table is off, and counts nothing.
type Table struct {
	on atomic.Bool

	mu     sync.Mutex
	counts map[string]*Counts
}

// On tells whether keys are counted. It is one atomic load.
func (t *Table) On() bool { return t.on.Load() }

// Switch turns counting on or off. What was counted stays.
func (t *Table) Switch(on bool) { t.on.Store(on) }

// Get counts a read.
func (t *Table) Get(key []byte, hit bool) {
	t.count(key, func(c *Counts) {
		c.Gets++
		if hit {
			c.Hits++
		}
	})
}

// Set counts a store, successful or not.
func (t *Table) Set(key []byte) { t.count(key, func(c *Counts) { c.Sets++ }) }

// Delete counts a delete, successful or not.
func (t *Table) Delete(key []byte) { t.count(key, func(c *Counts) { c.Deletes++ }) }

func (t *Table) count(key []byte, f func(*Counts)) {
	end := bytes.IndexByte(key, Delimiter)
	if end < 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts[string(key[:end])]
	if c == nil {
		if len(t.counts) == maxPrefixes {
			return
		}
		if t.counts == nil {
			t.counts = map[string]*Counts{}
		}
		c = &Counts{Prefix: string(key[:end])}
		t.counts[c.Prefix] = c
	}
	f(c)
}

// Dump is all that was counted, in the order of the prefixes.
func (t *Table) Dump() []Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Counts, 0, len(t.counts))
	for c := range maps.Values(t.counts) {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Counts) int { return cmp.Compare(a.Prefix, b.Prefix) })
	return all
}

// Reset forgets what was counted.
func (t *Table) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts = nil
}
