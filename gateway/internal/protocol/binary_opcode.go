package protocol

import shardv1 "github.com/memactor/memactor/protos/shard/v1"

// opcode is what is known of an opcode of the binary protocol, as verb is of a verb.
type opcode struct {
	name   string
	quiet  bool
	kind   Kind
	op     shardv1.Op
	verb   Verb                              // the one of the text protocol that goes to the same handler
	fits   func(extras, key, value int) bool // whether a request may have such lengths; nil: no such opcode
	parse  func(c *Command, extras []byte)   // nil: there is nothing to read
	render renderer
	says   string // the answer to a success, where nothing is rendered
}

// opcodes is the list of memcached's opcodes.
//
//nolint:gochecknoglobals // a table that is never written to
var opcodes = [256]opcode{
	0x00: read("get", false, renderGet),
	0x09: read("getq", true, renderGet),
	0x0c: read("getk", false, renderGetKey),
	0x0d: read("getkq", true, renderGetKey),

	0x01: store("set", false, shardv1.Op_OP_SET, renderStore),
	0x02: store("add", false, shardv1.Op_OP_ADD, renderAdd),
	0x03: store("replace", false, shardv1.Op_OP_REPLACE, renderReplace),
	0x11: store("setq", true, shardv1.Op_OP_SET, renderStore),
	0x12: store("addq", true, shardv1.Op_OP_ADD, renderAdd),
	0x13: store("replaceq", true, shardv1.Op_OP_REPLACE, renderReplace),
	0x0e: join("append", false, shardv1.Op_OP_APPEND),
	0x0f: join("prepend", false, shardv1.Op_OP_PREPEND),
	0x19: join("appendq", true, shardv1.Op_OP_APPEND),
	0x1a: join("prependq", true, shardv1.Op_OP_PREPEND),

	0x04: {name: "delete", kind: Call, op: shardv1.Op_OP_DELETE, fits: fitsKey, render: renderRemoved},
	0x14: {name: "deleteq", quiet: true, kind: Call, op: shardv1.Op_OP_DELETE, fits: fitsKey, render: renderRemoved},
	0x05: count("increment", false, shardv1.Op_OP_INCR),
	0x06: count("decrement", false, shardv1.Op_OP_DECR),
	0x15: count("incrementq", true, shardv1.Op_OP_INCR),
	0x16: count("decrementq", true, shardv1.Op_OP_DECR),

	0x1c: {name: "touch", kind: Call, op: shardv1.Op_OP_GAT, fits: fitsTime, parse: (*Command).extrasOfTouch, render: renderTouch},
	0x1d: readAndTouch("gat", false, renderGet),
	0x1e: readAndTouch("gatq", true, renderGet),
	0x23: readAndTouch("gatk", false, renderGetKey),
	0x24: readAndTouch("gatkq", true, renderGetKey),

	0x07:             {name: "quit", kind: Close, fits: fitsNothing},
	0x17:             {name: "quitq", quiet: true, kind: Close, fits: fitsNothing},
	0x08:             {name: "flush", kind: Barrier, verb: VerbFlushAll, fits: fitsFlush, parse: (*Command).extrasOfTime},
	0x18:             {name: "flushq", quiet: true, kind: Barrier, verb: VerbFlushAll, fits: fitsFlush, parse: (*Command).extrasOfTime},
	0x0a:             {name: "noop", kind: Local, fits: fitsNothing},
	0x0b:             {name: "version", kind: Local, verb: VerbVersion, fits: fitsNothing},
	0x10:             {name: "stat", kind: Barrier, verb: VerbStats, fits: fitsStat, parse: (*Command).extrasOfStat},
	opcodeMechanisms: {name: "list mechs", kind: Auth, fits: fitsNothing, says: plain},
	opcodeAuth:       {name: "sasl auth", kind: Auth, fits: fitsToken, says: "Authenticated"},
	opcodeStep:       {name: "sasl step", kind: Auth, fits: fitsToken, says: "Authenticated"},
	0x1b:             {name: "verbosity", kind: Local, fits: fitsLevel},
}

func read(name string, quiet bool, render renderer) opcode {
	return opcode{
		name: name, quiet: quiet, kind: Call, op: shardv1.Op_OP_GET, fits: fitsKey, parse: (*Command).extrasOfGet, render: render,
	}
}

func readAndTouch(name string, quiet bool, render renderer) opcode {
	return opcode{
		name: name, quiet: quiet, kind: Call, op: shardv1.Op_OP_GAT, fits: fitsTime, parse: (*Command).extrasOfGat, render: render,
	}
}

func store(name string, quiet bool, op shardv1.Op, render renderer) opcode {
	return opcode{
		name: name, quiet: quiet, kind: Block, op: op, fits: fitsItem, parse: (*Command).extrasOfItem, render: render,
	}
}

func join(name string, quiet bool, op shardv1.Op) opcode {
	return opcode{name: name, quiet: quiet, kind: Block, op: op, fits: fitsValue, render: renderJoin}
}

func count(name string, quiet bool, op shardv1.Op) opcode {
	return opcode{
		name: name, quiet: quiet, kind: Call, op: op, fits: fitsCount, parse: (*Command).extrasOfCount, render: renderCount,
	}
}

// The lengths of extras, key and value that requests may have. Nothing may follow that the request does not need:
// memcached lets something follow touch, gat and stat, and then takes it for the next request.

func fitsNothing(extras, key, value int) bool { return extras == 0 && key == 0 && value == 0 }
func fitsKey(extras, key, value int) bool     { return extras == 0 && key > 0 && value == 0 }
func fitsTime(extras, key, value int) bool    { return extras == 4 && key > 0 && value == 0 }
func fitsCount(extras, key, value int) bool   { return extras == 20 && key > 0 && value == 0 }
func fitsItem(extras, key, _ int) bool        { return extras == 8 && key > 0 }
func fitsValue(extras, key, _ int) bool       { return extras == 0 && key > 0 }
func fitsStat(extras, _, value int) bool      { return extras == 0 && value == 0 }
func fitsLevel(extras, key, value int) bool   { return extras == 4 && key == 0 && value == 0 }

func fitsFlush(extras, key, value int) bool {
	return (extras == 0 || extras == 4) && key == 0 && value == 0
}
