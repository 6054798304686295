package client

import (
	"errors"
	"fmt"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// The outcomes of the Client's methods that are not success.
var (
	// ErrNotFound is a miss.
	ErrNotFound = errors.New("memactor: key not found")
	// ErrNotStored means that the condition of add, replace, append or prepend
	// does not hold.
	ErrNotStored = errors.New("memactor: not stored")
	// ErrExists means that the entry was changed since its cas unique was read.
	ErrExists = errors.New("memactor: entry has changed")
	// ErrNonNumeric means that the value to count with is not a decimal number.
	ErrNonNumeric = errors.New("memactor: value is not a number")
	// ErrTooLarge means that the value is larger than the node takes.
	ErrTooLarge = errors.New("memactor: object too large")
	// ErrNoMemory means that the node found no memory for the entry.
	ErrNoMemory = errors.New("memactor: out of memory storing object")
	// ErrBusy means that the actor or the link had too much to do; not executed.
	ErrBusy = errors.New("memactor: busy")
	// ErrInvalid means that the node could make nothing of the call.
	ErrInvalid = errors.New("memactor: invalid call")
	// ErrUnavailable means that the owner of the key could not be reached in
	// time; nothing was changed.
	ErrUnavailable = errors.New("memactor: unavailable")
	// ErrUnknownOutcome means that the call may have been executed or not.
	ErrUnknownOutcome = errors.New("memactor: outcome unknown")
	// ErrInternal means that the actor failed.
	ErrInternal = errors.New("memactor: internal error")
)

var statusErrors = map[shardv1.Status]error{
	shardv1.Status_STATUS_NOT_FOUND:       ErrNotFound,
	shardv1.Status_STATUS_NOT_STORED:      ErrNotStored,
	shardv1.Status_STATUS_EXISTS:          ErrExists,
	shardv1.Status_STATUS_NON_NUMERIC:     ErrNonNumeric,
	shardv1.Status_STATUS_TOO_LARGE:       ErrTooLarge,
	shardv1.Status_STATUS_NO_MEMORY:       ErrNoMemory,
	shardv1.Status_STATUS_BUSY:            ErrBusy,
	shardv1.Status_STATUS_INVALID:         ErrInvalid,
	shardv1.Status_STATUS_UNAVAILABLE:     ErrUnavailable,
	shardv1.Status_STATUS_UNKNOWN_OUTCOME: ErrUnknownOutcome,
}

// replyError is nil for STATUS_OK, else one of the errors above, with the reason
// where there is one.
func replyError(r *wire.Reply) error {
	if r.Status == shardv1.Status_STATUS_OK {
		return nil
	}
	err, ok := statusErrors[r.Status]
	if !ok {
		err = fmt.Errorf("%w (%s)", ErrInternal, r.Status)
	}
	if r.Message != "" {
		err = fmt.Errorf("%w: %s", err, r.Message)
	}
	return err
}
