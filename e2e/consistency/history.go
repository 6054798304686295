package consistency

import "time"

// History is what the clients of a load saw.
type History struct {
	Operations []Operation
	// Broken is how many times a connection broke or could not be made.
	Broken int
	// Violation is the first reply that did not fit its command, if there is one.
	Violation error
}

// Since returns the operations that were sent at t or later.
func (h *History) Since(t time.Duration) *History {
	return h.Where(func(o Operation) bool { return o.Call >= t })
}

// Where returns the part of the history that ok chooses.
func (h *History) Where(ok func(Operation) bool) *History {
	part := &History{Broken: h.Broken, Violation: h.Violation}
	for _, o := range h.Operations {
		if ok(o) {
			part.Operations = append(part.Operations, o)
		}
	}
	return part
}

// Count returns how many operations ended so.
func (h *History) Count(status Status) int {
	return len(h.Where(func(o Operation) bool { return o.Status == status }).Operations)
}

// Slowest returns the operation that was answered last after it was sent.
func (h *History) Slowest() Operation {
	var slowest Operation
	for _, o := range h.Operations {
		if o.Return-o.Call > slowest.Return-slowest.Call {
			slowest = o
		}
	}
	return slowest
}

// Messages counts the error lines.
func (h *History) Messages() map[string]int {
	messages := map[string]int{}
	for _, o := range h.Operations {
		if o.Message != "" {
			messages[o.Message]++
		}
	}
	return messages
}
