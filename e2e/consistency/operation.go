package consistency

import (
	"fmt"
	"strings"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// Verb is what an operation asks of one key.
type Verb string

// The verbs. A multiget is one Get for each of its keys.
const (
	Get    Verb = "get"
	Set    Verb = "set"
	Add    Verb = "add"
	Cas    Verb = "cas"
	Delete Verb = "delete"
	Incr   Verb = "incr"
)

// Status is how an operation ended.
type Status string

// The statuses. Done is answered; of Unknown it is not known whether it was
// executed; a Refused one was surely not.
const (
	Done    Status = "done"
	Unknown Status = "unknown"
	Refused Status = "refused"
)

// Operation is one command for one key, as its client saw it.
type Operation struct {
	Client int
	Verb   Verb
	Key    string
	// Write is the value that is to be stored.
	Write string
	// Expect is, for Cas, the value that was read with the unique. As no two writes
	// store the same value, it says as much as the unique.
	Expect string
	// Status says whether the other fields mean anything.
	Status Status
	// Reply is the first word of a line reply (STORED, NOT_FOUND, a number); of a
	// retrieval it is HIT or MISS.
	Reply string
	// Read is the value that a retrieval found.
	Read string
	// Message is the error line of an operation that is not Done.
	Message string
	// Call and Return are when it was sent and when its reply was read, since the
	// load began.
	Call, Return time.Duration
}

// String is the operation on one line.
func (o Operation) String() string {
	return fmt.Sprintf("%12v..%12v client %d: %s %s write=%q expect=%q: %s %s read=%q %s", o.Call, o.Return, o.Client,
		o.Verb, o.Key, o.Write, o.Expect, o.Status, o.Reply, o.Read, o.Message)
}

const (
	hit  = "HIT"
	miss = "MISS"
)

// failed marks an operation that was answered by an error line.
func (o *Operation) failed(message string) {
	o.Message, o.Status = message, Refused
	if strings.Contains(message, "unknown") {
		o.Status = Unknown
	}
}

// answered takes in the line that answers an operation which is no retrieval, and
// reports whether that line can be its answer.
func (o *Operation) answered(reply string) bool {
	line := strings.TrimSuffix(reply, "\r\n")
	if strings.HasPrefix(line, "SERVER_ERROR") {
		o.failed(line)
		return true
	}
	o.Status, o.Reply = Done, line
	switch o.Verb {
	case Set:
		return line == "STORED"
	case Add:
		return line == "STORED" || line == "NOT_STORED"
	case Cas:
		return line == "STORED" || line == "EXISTS" || line == "NOT_FOUND"
	case Delete:
		return line == "DELETED" || line == "NOT_FOUND"
	case Incr:
		return line == "NOT_FOUND" || isNumber(line)
	case Get, begin, end:
	}
	return false
}

// found takes in what a retrieval found, nil for a miss, and reports whether that
// value can be one of its key.
func (o *Operation) found(value *harness.Value) bool {
	o.Status, o.Reply = Done, miss
	if value == nil {
		return true
	}
	o.Reply, o.Read = hit, value.Data
	return isCounter(o.Key) && isNumber(value.Data) || isValueOf(o.Key, value.Data)
}
