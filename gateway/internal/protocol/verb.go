package protocol

import (
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Verb is the command word of a line.
type Verb uint8

// The verbs. VerbNone is a word that is not one of them.
const (
	VerbNone Verb = iota
	VerbGet
	VerbGets
	VerbGat
	VerbGats
	VerbSet
	VerbAdd
	VerbReplace
	VerbAppend
	VerbPrepend
	VerbCas
	VerbDelete
	VerbIncr
	VerbDecr
	VerbTouch
	VerbMg
	VerbMs
	VerbMd
	VerbMa
	VerbMe
	VerbMn
	VerbQuit
	VerbStats
	VerbVersion
	VerbFlushAll
	VerbVerbosity
	VerbShutdown
	VerbCacheMemlimit
	VerbLRUCrawler
	VerbMetadump // lru_crawler metadump
	VerbMgdump   // lru_crawler mgdump
	VerbSlabs
	VerbLRU
	VerbWatch
	VerbRefreshCerts
	VerbConfig
	VerbDebugTime
	VerbDebugItem
)

// verb is what is known of a verb.
type verb struct {
	name   string
	kind   Kind
	op     shardv1.Op                          // of the actor; none for a kind that asks no actor
	parse  func(c *Command, args []byte) Error // what follows the verb; nil: whatever it is
	render renderer                            // the actor's reply
}

// renderer appends the answer to a command whose call an actor has answered.
type renderer = func(a *Answer, dst []byte, call *wire.Envelope, r *wire.Reply) []byte

// verbs is the list of the commands. Their parsing and rendering is in a file for each family.
//
//nolint:gochecknoglobals // a table that is never written to
var verbs = [...]verb{
	VerbNone: {name: "none", parse: (*Command).parseUnknown},

	VerbGet:  {"get", Keys, shardv1.Op_OP_GET, (*Command).parseGet, renderValue},
	VerbGets: {"gets", Keys, shardv1.Op_OP_GET, (*Command).parseGet, renderValueCas},
	VerbGat:  {"gat", Keys, shardv1.Op_OP_GAT, (*Command).parseGat, renderValue},
	VerbGats: {"gats", Keys, shardv1.Op_OP_GAT, (*Command).parseGat, renderValueCas},

	VerbSet:     {"set", Block, shardv1.Op_OP_SET, (*Command).parseStore, renderStored},
	VerbAdd:     {"add", Block, shardv1.Op_OP_ADD, (*Command).parseStore, renderStored},
	VerbReplace: {"replace", Block, shardv1.Op_OP_REPLACE, (*Command).parseStore, renderStored},
	VerbAppend:  {"append", Block, shardv1.Op_OP_APPEND, (*Command).parseStore, renderStored},
	VerbPrepend: {"prepend", Block, shardv1.Op_OP_PREPEND, (*Command).parseStore, renderStored},
	VerbCas:     {"cas", Block, shardv1.Op_OP_CAS, (*Command).parseCas, renderStored},

	VerbDelete: {"delete", Call, shardv1.Op_OP_DELETE, (*Command).parseDelete, renderDeleted},
	VerbIncr:   {"incr", Call, shardv1.Op_OP_INCR, (*Command).parseDelta, renderNumber},
	VerbDecr:   {"decr", Call, shardv1.Op_OP_DECR, (*Command).parseDelta, renderNumber},
	VerbTouch:  {"touch", Call, shardv1.Op_OP_TOUCH, (*Command).parseTouch, renderTouched},

	VerbMg: {"mg", Call, shardv1.Op_OP_GET, (*Command).parseMetaGet, renderMetaGet},
	VerbMs: {"ms", Block, shardv1.Op_OP_SET, (*Command).parseMetaSet, renderMetaSet},
	VerbMd: {"md", Call, shardv1.Op_OP_DELETE, (*Command).parseMetaDelete, renderMetaDelete},
	VerbMa: {"ma", Call, shardv1.Op_OP_INCR, (*Command).parseMetaArithmetic, renderMetaArithmetic},
	VerbMe: {"me", Call, shardv1.Op_OP_GET, (*Command).parseMetaDebug, renderMetaDebug},

	VerbMn:        {name: "mn", kind: Local},
	VerbQuit:      {name: "quit", kind: Close},
	VerbStats:     {name: "stats", kind: Barrier, parse: (*Command).parseArgs},
	VerbVersion:   {name: "version", kind: Local},
	VerbFlushAll:  {name: "flush_all", kind: Barrier, parse: (*Command).parseFlushAll},
	VerbVerbosity: {name: "verbosity", kind: Local, parse: (*Command).parseVerbosity},
	VerbShutdown:  {name: "shutdown", kind: Barrier, parse: (*Command).parseShutdown},

	VerbCacheMemlimit: {name: "cache_memlimit", kind: Barrier, parse: (*Command).parseMemlimit},
	VerbLRUCrawler:    {name: "lru_crawler", kind: Local, parse: (*Command).parseCrawler},
	VerbMetadump:      {name: "lru_crawler metadump", kind: Barrier},
	VerbMgdump:        {name: "lru_crawler mgdump", kind: Barrier},
	VerbSlabs:         {name: "slabs", kind: Local, parse: (*Command).parseSlabs},
	VerbLRU:           {name: "lru", kind: Local, parse: (*Command).parseLRU},
	VerbWatch:         {name: "watch", kind: Barrier, parse: (*Command).parseWatch},
	VerbRefreshCerts:  {name: "refresh_certs", kind: Barrier, parse: (*Command).parseArgs},
	VerbConfig:        {name: "config", kind: Barrier, parse: (*Command).parseConfig},
	VerbDebugTime:     {name: "debugtime", kind: Barrier, parse: (*Command).parseDebugTime},
	VerbDebugItem:     {name: "debugitem", kind: Barrier, parse: (*Command).parseArgs},
}

// String is the verb as it is written on the wire.
func (v Verb) String() string {
	if int(v) < len(verbs) {
		return verbs[v].name
	}
	return "invalid"
}

// verbOf is the verb that word spells, in lower case only. The verbs of [adminVerbOf] are not among them.
func verbOf(word []byte) Verb { //nolint:funlen // two lines for each verb
	switch string(word) {
	case "get":
		return VerbGet
	case "gets":
		return VerbGets
	case "gat":
		return VerbGat
	case "gats":
		return VerbGats
	case "set":
		return VerbSet
	case "add":
		return VerbAdd
	case "replace":
		return VerbReplace
	case "append":
		return VerbAppend
	case "prepend":
		return VerbPrepend
	case "cas":
		return VerbCas
	case "delete":
		return VerbDelete
	case "incr":
		return VerbIncr
	case "decr":
		return VerbDecr
	case "touch":
		return VerbTouch
	case "mg":
		return VerbMg
	case "ms":
		return VerbMs
	case "md":
		return VerbMd
	case "ma":
		return VerbMa
	case "me":
		return VerbMe
	case "mn":
		return VerbMn
	case "quit":
		return VerbQuit
	case "stats":
		return VerbStats
	case "version":
		return VerbVersion
	case "watch":
		return VerbWatch
	}
	return VerbNone
}

// adminVerbOf is the verb that word spells, of those that memcached also finds behind leading spaces.
func adminVerbOf(word []byte) Verb {
	switch string(word) {
	case "flush_all":
		return VerbFlushAll
	case "verbosity":
		return VerbVerbosity
	case "shutdown":
		return VerbShutdown
	case "cache_memlimit":
		return VerbCacheMemlimit
	case "lru_crawler":
		return VerbLRUCrawler
	case "slabs":
		return VerbSlabs
	case "lru":
		return VerbLRU
	case "refresh_certs":
		return VerbRefreshCerts
	case "config":
		return VerbConfig
	case "debugtime":
		return VerbDebugTime
	case "debugitem":
		return VerbDebugItem
	}
	return VerbNone
}
