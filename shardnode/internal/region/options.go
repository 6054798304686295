package region

import (
	"time"

	"github.com/rs/zerolog"
)

// Options are what a Region is made with.
type Options struct {
	// NodeID and Incarnation tell which node of a shard map this one is.
	NodeID      string
	Incarnation uint64
	// Memory is the limit for entries with all overhead, in bytes (memcached's -m);
	// SetMemoryLimit changes it.
	Memory int64
	// NoEviction refuses stores for which there is no memory, instead of evicting
	// (memcached's -M).
	NoEviction bool
	// MaxItem is the limit for one item as memcached counts it (memcached's -I), in
	// bytes.
	MaxItem int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log gets one line for each change of the shards that are hosted, and for
	// each panic.
	Log zerolog.Logger
}

// The bounds of delivery.
const (
	// maxTurns is how many turns of one actor a delivering goroutine runs before
	// the actor gets a goroutine of its own.
	maxTurns = 16
	// maxMailBytes bounds an actor's mailbox: about 16,000 small messages, which is
	// more than the windows of fifteen gateway connections. One message always fits.
	maxMailBytes = 4 << 20
	// mailOverhead is what a message counts beside its key and value, in bytes.
	mailOverhead = 256
	// maxScratch is the scratch in bytes that an actor keeps after a turn.
	maxScratch = 64 << 10
)
