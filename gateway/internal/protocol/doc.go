// Package protocol is memcached's text format: bytes to commands, and replies to bytes.
//
// It is pure. It owns no buffer, no clock and no socket, it allocates nothing, and every slice it hands
// out borrows the caller's read buffer. The way of one command:
//
//  1. [Line] finds a line in what has been read; [TooLong] says when waiting for one is hopeless.
//  2. [Parse] reads the line into a [Command]. The verb picks a family (get.go, store.go, key.go,
//     admin.go), and the family reads the arguments.
//  3. The caller executes the command, and walks Command.Keys with [NextKey] where there are many.
//  4. The caller appends the reply: AppendStored, [AppendValue], [AppendError], ...
//
// A new command is a verb in verb.go and a case in Command.parse; its arguments, if of a new kind, are a file.
//
// What is accepted, and how what is not is answered, is memcached 1.6.45's behaviour, oddities included
// where clients can see them. Where a comment says "memcached", that version's source is meant.
package protocol
