package protocol

import (
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Watched is a set of kinds of events: those of actors have their numbers as bits.
type Watched uint8

// WatchedConns are connections that begin and end.
const WatchedConns Watched = 1 << 7

// Kinds are the events of actors in the set.
func (w Watched) Kinds() []shardv1.LogKind {
	var all []shardv1.LogKind
	for k := shardv1.LogKind_LOG_KIND_FETCHERS; k <= shardv1.LogKind_LOG_KIND_DELETIONS; k++ {
		if w&watched(k) != 0 {
			all = append(all, k)
		}
	}
	return all
}

func watched(k shardv1.LogKind) Watched { return 1 << k }

// parseWatch reads the names of events; none is fetchers.
func (c *Command) parseWatch(args []byte) Error {
	word, rest := NextKey(args)
	if len(word) == 0 {
		word = []byte("fetchers")
	}
	for ; len(word) > 0; word, rest = NextKey(rest) {
		set, ok := watchedOf(string(word))
		if !ok {
			return ErrUnknown
		}
		c.Watched |= set
	}
	return OK
}

// watchedOf is the set of that name. What memactor has nothing to tell of is known, and empty.
func watchedOf(name string) (Watched, bool) {
	switch name {
	case "fetchers":
		return watched(shardv1.LogKind_LOG_KIND_FETCHERS), true
	case "mutations":
		return watched(shardv1.LogKind_LOG_KIND_MUTATIONS), true
	case "evictions":
		return watched(shardv1.LogKind_LOG_KIND_EVICTIONS), true
	case "deletions":
		return watched(shardv1.LogKind_LOG_KIND_DELETIONS), true
	case "connevents":
		return WatchedConns, true
	case "rawcmds", "sysevents", "proxyreqs", "proxyevents", "proxyuser":
		return 0, true
	}
	return 0, false
}

// ConnEvent is the beginning or the end of a client's connection.
type ConnEvent struct {
	Time      int64  // Unix microseconds
	Address   string // host of the client, or "unix"
	Port      uint16 // of the client; 0 for a unix socket
	Transport string // "tcp" or "local"
	Reason    string // of the end: "normal", "error", "idle_timeout" or "shutdown"; empty: the beginning
	FD        int    // file descriptor
}

// AppendConnEvent is the log line of a connection's beginning or end.
func AppendConnEvent(dst []byte, gid uint64, e *ConnEvent) []byte {
	kind := "conn_new"
	if e.Reason != "" {
		kind = "conn_close"
	}
	dst = appendLogStart(dst, e.Time, gid, kind)
	dst = append(append(dst, " rip="...), e.Address...)
	dst = strconv.AppendUint(append(dst, " rport="...), uint64(e.Port), 10)
	dst = append(append(dst, " transport="...), e.Transport...)
	if e.Reason != "" {
		dst = append(append(dst, " reason="...), e.Reason...)
	}
	dst = strconv.AppendInt(append(dst, " cfd="...), int64(e.FD), 10)
	return append(dst, '\n')
}

// AppendLogEvent is the log line of what an actor did. The client's file descriptor is not known where that happens: 0.
func AppendLogEvent(dst []byte, gid uint64, e *shardv1.LogEvent) []byte {
	switch e.GetKind() {
	case shardv1.LogKind_LOG_KIND_FETCHERS:
		dst = appendLogKey(dst, gid, "item_get", e)
		dst = append(append(dst, " status="...), outcomes[e.GetOutcome()]...)
		dst = append(appendLogClass(dst, e), " cfd=0"...)
	case shardv1.LogKind_LOG_KIND_MUTATIONS:
		dst = appendLogKey(dst, gid, "item_store", e)
		dst = append(append(dst, " status="...), outcomes[e.GetOutcome()]...)
		dst = append(append(dst, " cmd="...), storeName(e.GetOp())...)
		dst = strconv.AppendUint(append(dst, " ttl="...), uint64(uint32(e.GetTtl())), 10) // unsigned, as memcached's
		dst = append(appendLogClass(dst, e), " cfd=0"...)
	case shardv1.LogKind_LOG_KIND_EVICTIONS:
		dst = appendLogKey(dst, gid, "eviction", e)
		dst = append(append(dst, " fetch="...), yesNo(e.GetFetched())...)
		dst = strconv.AppendInt(append(dst, " ttl="...), e.GetTtl(), 10)
		dst = strconv.AppendUint(append(dst, " la="...), e.GetIdle(), 10)
		dst = appendLogClass(dst, e)
	case shardv1.LogKind_LOG_KIND_DELETIONS:
		dst = appendLogKey(dst, gid, "deleted", e)
		dst = appendLogClass(append(dst, " cmd=delete"...), e)
	case shardv1.LogKind_LOG_KIND_UNSPECIFIED:
		return dst
	default:
		return dst // of a newer node
	}
	dst = strconv.AppendUint(append(dst, " size="...), e.GetSize(), 10)
	return append(dst, '\n')
}

// AppendSkipped is the log line that says how many were lost before the next.
func AppendSkipped(dst []byte, n uint64) []byte {
	return append(strconv.AppendUint(append(dst, "skipped="...), n, 10), '\n')
}

//nolint:gochecknoglobals // a table that is never written to
var outcomes = map[shardv1.LogOutcome]string{
	shardv1.LogOutcome_LOG_OUTCOME_FOUND: "found", shardv1.LogOutcome_LOG_OUTCOME_NOT_FOUND: "not_found",
	shardv1.LogOutcome_LOG_OUTCOME_FLUSHED: "flushed", shardv1.LogOutcome_LOG_OUTCOME_EXPIRED: "expired",
	shardv1.LogOutcome_LOG_OUTCOME_STORED: "stored", shardv1.LogOutcome_LOG_OUTCOME_NOT_STORED: "not_stored",
	shardv1.LogOutcome_LOG_OUTCOME_EXISTS: "exists", shardv1.LogOutcome_LOG_OUTCOME_TOO_LARGE: "too_large",
	shardv1.LogOutcome_LOG_OUTCOME_NO_MEMORY: "no_memory",
}

// storeName is memcached's name of a store.
func storeName(op shardv1.Op) string {
	switch op {
	case shardv1.Op_OP_SET:
		return "set"
	case shardv1.Op_OP_ADD:
		return "add"
	case shardv1.Op_OP_REPLACE:
		return "replace"
	case shardv1.Op_OP_APPEND:
		return "append"
	case shardv1.Op_OP_PREPEND:
		return "prepend"
	case shardv1.Op_OP_CAS:
		return "cas"
	default:
		return "na"
	}
}

func appendLogKey(dst []byte, gid uint64, kind string, e *shardv1.LogEvent) []byte {
	return appendEscaped(append(appendLogStart(dst, e.GetTime(), gid, kind), " key="...), e.GetKey())
}

// appendLogStart begins a line. The microseconds are not padded, as in memcached.
func appendLogStart(dst []byte, micros int64, gid uint64, kind string) []byte {
	const second = 1_000_000
	dst = strconv.AppendInt(append(dst, "ts="...), micros/second, 10)
	dst = strconv.AppendInt(append(dst, '.'), micros%second, 10)
	dst = strconv.AppendUint(append(dst, " gid="...), gid, 10)
	return append(append(dst, " type="...), kind...)
}

// appendLogClass is the item's class: 0 where there is none.
func appendLogClass(dst []byte, e *shardv1.LogEvent) []byte {
	class := int64(ItemClass)
	if e.GetKind() == shardv1.LogKind_LOG_KIND_FETCHERS && e.GetOutcome() != shardv1.LogOutcome_LOG_OUTCOME_FOUND {
		class = 0
	}
	return strconv.AppendInt(append(dst, " clsid="...), class, 10)
}
