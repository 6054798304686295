// Package watch hands events to those who watch them, and costs next to nothing
// when nobody does.
//
// Who may have something to tell asks Hub.Wants first, which is one atomic load.
// An event that is wanted is copied into the ring of each watcher that wants it. A
// ring that is full loses the event and counts it: nobody waits for a watcher.
package watch
