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
	// Delimiter ends a prefix, unless another is asked for.
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
	delimiter atomic.Uint32 // and isOn; 0: off

	mu     sync.Mutex
	counts map[string]*Counts
}

// On tells whether keys are counted. It is one atomic load.
func (t *Table) On() bool { return t.delimiter.Load() != 0 }

// isOn tells a delimiter, whatever it is, from none.
const isOn = 1 << 8

// Start begins to count. A prefix ends at the delimiter; a key without it has none, and is not counted.
func (t *Table) Start(delimiter byte) { t.delimiter.Store(isOn | uint32(delimiter)) }

// Stop ends counting. What was counted stays.
func (t *Table) Stop() { t.delimiter.Store(0) }

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
	prefix, _, ok := bytes.Cut(key, []byte{byte(t.delimiter.Load())})
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts[string(prefix)]
	if c == nil {
		if len(t.counts) == maxPrefixes {
			return
		}
		if t.counts == nil {
			t.counts = map[string]*Counts{}
		}
		c = &Counts{Prefix: string(prefix)}
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
