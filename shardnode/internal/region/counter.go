package region

// Counter is one of memcached's statistics that only ever grow. Each shard counts
// for itself, under its lock.
type Counter uint8

// The counters, under memcached's names (String).
const (
	CmdGet Counter = iota
	CmdSet
	CmdFlush
	CmdTouch
	GetHits
	GetMisses
	GetExpired
	GetFlushed
	DeleteMisses
	DeleteHits
	IncrMisses
	IncrHits
	DecrMisses
	DecrHits
	CasMisses
	CasHits
	CasBadval
	TouchHits
	TouchMisses
	StoreTooLarge
	StoreNoMemory
	TotalItems
	ExpiredUnfetched
	EvictedUnfetched
	EvictedActive
	Evictions
	Reclaimed
	CrawlerReclaimed
	CrawlerItemsChecked

	// Moved and the others below are our own. Moved, Busy and Invalid count replies
	// that say not executed; Panics turns; Mails messages that waited for a turn;
	// BusyActors goroutines for actors that had too many of them.
	Moved
	Busy
	Invalid
	Panics
	Mails
	BusyActors

	numCounters
)

var counterNames = [...]string{
	CmdGet: "cmd_get", CmdSet: "cmd_set", CmdFlush: "cmd_flush", CmdTouch: "cmd_touch",
	GetHits: "get_hits", GetMisses: "get_misses", GetExpired: "get_expired", GetFlushed: "get_flushed",
	DeleteMisses: "delete_misses", DeleteHits: "delete_hits",
	IncrMisses: "incr_misses", IncrHits: "incr_hits", DecrMisses: "decr_misses", DecrHits: "decr_hits",
	CasMisses: "cas_misses", CasHits: "cas_hits", CasBadval: "cas_badval",
	TouchHits: "touch_hits", TouchMisses: "touch_misses",
	StoreTooLarge: "store_too_large", StoreNoMemory: "store_no_memory", TotalItems: "total_items",
	ExpiredUnfetched: "expired_unfetched", EvictedUnfetched: "evicted_unfetched", EvictedActive: "evicted_active",
	Evictions: "evictions", Reclaimed: "reclaimed",
	CrawlerReclaimed: "crawler_reclaimed", CrawlerItemsChecked: "crawler_items_checked",
	Moved: "moved", Busy: "busy", Invalid: "invalid", Panics: "panics", Mails: "mails", BusyActors: "busy_actors",
}

func (c Counter) String() string {
	if c >= numCounters {
		return "Counter(?)"
	}
	return counterNames[c]
}

// Counts is a value for each Counter.
type Counts [numCounters]uint64

func (c *Counts) add(other *Counts) {
	for i := range c {
		c[i] += other[i]
	}
}
