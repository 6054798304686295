package consistency

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// checkTimeout bounds the search for an order of one key's operations.
const checkTimeout = 20 * time.Second

// Rules say what a server may do beside answering rightly.
type Rules struct {
	// Lossy allows that an entry is gone at any time, as when a node dies that had
	// the only copy, or when there is no memory for it. What is gone stays gone.
	Lossy bool
	// Moves are the changes of a key's owner, in their order; nil: there are none.
	// They may not be told of beside Lossy: then they would say nothing.
	Moves func(key string) []Move
}

// Check returns what a history shows that may not be, as ErrViolation.
func (h *History) Check(rules Rules) error {
	if h.Violation != nil {
		return h.Violation
	}
	byKey := map[string][]Operation{}
	for _, o := range h.Operations {
		byKey[o.Key] = append(byKey[o.Key], o)
	}
	for key, operations := range byKey {
		if err := checkKey(key, operations, rules); err != nil {
			return err
		}
	}
	return nil
}

func checkKey(key string, operations []Operation, rules Rules) error {
	if rules.Moves != nil {
		operations = slices.Concat(operations, moved(key, rules.Moves(key)))
	}
	switch porcupine.CheckOperationsTimeout(model(rules), forPorcupine(operations), checkTimeout) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("%w: no order of the %d operations of key %q was found in %v",
			ErrViolation, len(operations), key, checkTimeout)
	case porcupine.Illegal:
	}
	return fmt.Errorf("%w: key %q: no order of these operations explains their replies:\n%s",
		ErrViolation, key, shortest(operations, rules))
}

// forPorcupine leaves out what says nothing: operations that were refused, and
// reads without an answer. An operation of unknown outcome may take effect at any
// time after it was sent, so it never returns.
func forPorcupine(operations []Operation) []porcupine.Operation {
	var kept []porcupine.Operation
	for _, o := range operations {
		if o.Status == Refused || o.Status == Unknown && o.Verb == Get {
			continue
		}
		end := int64(o.Return)
		if o.Status == Unknown {
			end = math.MaxInt64
		}
		kept = append(kept, porcupine.Operation{
			ClientId: o.Client, Input: o, Output: o, Call: int64(o.Call), Return: end,
		})
	}
	return kept
}

// shortest returns, to be read by a person, the operations up to the first at
// which the history goes wrong: at most the last 40 of those.
func shortest(operations []Operation, rules Rules) string {
	byReturn := sortedByReturn(operations)
	low, high := 0, len(byReturn) // the first low are right, the first high are wrong
	for high-low > 1 {
		middle := (low + high) / 2
		if porcupine.CheckOperationsTimeout(model(rules), forPorcupine(prefix(byReturn, middle)), checkTimeout) == porcupine.Ok {
			low = middle
		} else {
			high = middle
		}
	}
	var text strings.Builder
	for _, o := range byReturn[max(0, high-40):high] {
		fmt.Fprintln(&text, o)
	}
	return text.String()
}
