package consistency

import "time"

// Move is a change of a key's owner, where the new one begins empty. It is not one
// moment: clients hear of it one after another. In between, an operation comes to the
// old owner or to the new one; each of them answers rightly for what it holds.
// When all clients have heard, nothing of what the old one held is seen again.
type Move struct {
	// Begin is when the new owner was named, End when the last client had heard
	// of it.
	Begin, End Span
}

// Span is a time of which it is only known that it is not before From and not after
// To, since the load began.
type Span struct{ From, To time.Duration }

// The verbs of the operations that stand for a move in a history.
const (
	begin Verb = "new owner"
	end   Verb = "old owner forgotten"
)

// ownerSeparator is between the states at each owner; no value contains it.
const ownerSeparator = "\x00"

// moved are a key's moves as operations.
func moved(key string, moves []Move) []Operation {
	all := make([]Operation, 0, 2*len(moves))
	for _, m := range moves {
		all = append(all, Operation{Key: key, Verb: begin, Call: m.Begin.From, Return: m.Begin.To, Status: Done},
			Operation{Key: key, Verb: end, Call: m.End.From, Return: m.End.To, Status: Done})
	}
	return all
}
