package consistency

import (
	"slices"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// absent is the state of a key that has no entry. Any other state is the entry's
// value; no value that a client stores is empty. While a key changes its owner, the
// state is that at each of its owners, the oldest first (see Move).
const absent = ""

// model is one key of a memcached. An operation leads from a state to those that
// it may leave behind, given its reply; to none if that reply is wrong.
func model(rules Rules) porcupine.Model {
	return (&porcupine.NondeterministicModel{
		Init: func() []any { return []any{absent} },
		Step: func(state, input, _ any) []any {
			return states(rules, state.(string), input.(Operation))
		},
	}).ToModel()
}

func states(rules Rules, state string, o Operation) []any {
	owners := strings.Split(state, ownerSeparator)
	switch o.Verb {
	case begin:
		return one(strings.Join(append(owners, absent), ownerSeparator))
	case end:
		return when(len(owners) > 1, strings.Join(owners[1:], ownerSeparator))
	case Get, Set, Add, Cas, Delete, Incr:
	}
	var all []any
	for i := range owners {
		for _, next := range atOwner(rules, owners[i], o) {
			after := slices.Clone(owners)
			after[i] = next.(string)
			all = append(all, strings.Join(after, ownerSeparator))
		}
	}
	return all
}

// atOwner is states for the one owner that the operation came to.
func atOwner(rules Rules, state string, o Operation) []any {
	if o.Status == Unknown {
		return append(executed(state, o), state)
	}
	next := answered(state, o)
	if len(next) == 0 && rules.Lossy && state != absent {
		return answered(absent, o)
	}
	return next
}

// executed returns what an operation may leave behind whose reply is not known.
func executed(state string, o Operation) []any {
	switch o.Verb {
	case Set:
		return one(o.Write)
	case Add:
		return when(state == absent, o.Write)
	case Cas:
		return when(state != absent && state == o.Expect, o.Write)
	case Delete:
		return one(absent)
	case Incr:
		return when(state != absent, plusOne(state))
	case Get, begin, end:
	}
	return nil
}

// answered returns what an operation leaves behind that was answered as it was.
func answered(state string, o Operation) []any {
	switch o.Verb {
	case Get:
		return when(o.Reply == hit && state == o.Read || o.Reply == miss && state == absent, state)
	case Set:
		return one(o.Write)
	case Add:
		if o.Reply == "STORED" {
			return when(state == absent, o.Write)
		}
		return when(state != absent, state)
	case Cas:
		return compared(state, o)
	case Delete:
		return when((o.Reply == "DELETED") == (state != absent), absent)
	case Incr:
		if o.Reply == "NOT_FOUND" {
			return when(state == absent, state)
		}
		return when(state != absent && plusOne(state) == o.Reply, o.Reply)
	case begin, end:
	}
	return nil
}

func compared(state string, o Operation) []any {
	switch o.Reply {
	case "STORED":
		return when(state != absent && state == o.Expect, o.Write)
	case "EXISTS":
		return when(state != absent && state != o.Expect, state)
	default:
		return when(state == absent, state)
	}
}

func one(state string) []any { return []any{state} }

func when(ok bool, state string) []any {
	if !ok {
		return nil
	}
	return one(state)
}

func plusOne(state string) string {
	number, _ := strconv.ParseUint(state, 10, 64)
	return strconv.FormatUint(number+1, 10)
}
