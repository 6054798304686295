package region

import "sync"

// Stats is what a region holds and has counted.
type Stats struct {
	Counts Counts
	// Items and Expiring are entries, and those of them that expire some time.
	Items, Expiring uint64
	// Bytes is what the entries cost with all overhead; Limit is what they may.
	Bytes, Limit int64
	// Shards is how many shards the node hosts.
	Shards int
	// Oldest is the time in seconds since the entry that would be evicted next in
	// its shard was accessed, the largest of all shards.
	Oldest int64
	// IndexBytes is the size of all indexes.
	IndexBytes int64
}

// Stats sums up what all shards have.
func (r *Region) Stats() Stats {
	hosting := r.hosting.Load()
	s := Stats{Shards: len(hosting.list), Limit: r.budget.limit.Load()}
	s.Counts = r.stray.snapshot()
	now := r.now()
	for _, h := range hosting.list {
		h.addTo(&s, now)
	}
	return s
}

func (h *hosted) addTo(s *Stats, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.Counts.add(&h.counts)
	s.Items += uint64(h.table.len())
	s.Expiring += uint64(h.table.expiring)
	s.Bytes += h.table.bytes
	s.IndexBytes += int64(8 * len(h.table.index.cells))
	if ref := h.table.policy.victim(); ref != 0 && !h.holds(ref) {
		s.Oldest = max(s.Oldest, now-int64(h.table.slots[ref].data.accessed()))
	}
}

// ShardStats is what one shard holds.
type ShardStats struct {
	ID           uint32
	Epoch, Items uint64
	Bytes        int64
}

// EachShard is what the shards that are hosted hold, in their order.
func (r *Region) EachShard() []ShardStats {
	list := r.hosting.Load().list
	all := make([]ShardStats, len(list))
	for i, h := range list {
		h.mu.Lock()
		all[i] = ShardStats{ID: h.id, Epoch: h.epoch, Items: uint64(h.table.len()), Bytes: h.table.bytes}
		h.mu.Unlock()
	}
	return all
}

// ResetStats sets all counters to 0, those of prefixes and events too.
func (r *Region) ResetStats() {
	r.stray.reset()
	r.events.ResetStats()
	r.prefixes.Reset()
	for _, h := range r.hosting.Load().list {
		h.mu.Lock()
		h.counts = Counts{}
		h.mu.Unlock()
	}
}

// stray holds counts that belong to no shard: of shards that ended, and of what
// reached none.
type stray struct {
	mu     sync.Mutex
	counts Counts
}

func (s *stray) count(c Counter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[c]++
}

func (s *stray) add(c *Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.add(c)
}

func (s *stray) snapshot() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

func (s *stray) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts = Counts{}
}
