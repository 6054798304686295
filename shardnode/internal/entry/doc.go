// Package entry is the key actor's state machine: what a key holds, and what each
// operation of memcached does to it.
//
// An actor is Uninitialized (it holds nothing, and costs nothing) or Initialized
// (it holds an Entry). Step takes an actor and a message and returns the actor
// afterwards, what has to be done about it, and the reply:
//
//	(state, message, now, next cas unique) -> (state, effect, reply)
//
// Step does no I/O and knows no clock, lock or memory: they are handed in by
// package region, which owns the bytes. The two switches, one for each state, are
// in uninitialized.go and initialized.go; read those first.
//
// What memcached 1.6 does is the law here, its quirks included; where one is
// reproduced, the comment says what memcached does.
package entry
