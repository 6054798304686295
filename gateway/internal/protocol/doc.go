// Package protocol is memcached's text format and its binary one: bytes to commands, and replies to bytes.
//
// It is pure. It owns no buffer, no clock and no socket, it allocates nothing, and every slice it hands
// out borrows the caller's read buffer. The way of one command:
//
//  1. [Line] finds a line in what has been read; [TooLong] says when waiting for one is hopeless.
//  2. [Parse] reads the line into a [Command]: what a session has to do ([Kind]), what the actor of the key is asked
//     (a wire.Envelope), and how the result is written ([Answer]).
//  3. The session does it, without knowing what the command means.
//  4. [Answer.Append] writes what the actor replied.
//
// verb.go lists the commands; the arguments and the replies of each family are in a file: get.go, store.go, key.go,
// admin.go, stats.go.
//
// The binary protocol is another way to the same Command and Answer: [Frame] and [ParseBinary] take the places of Line and
// Parse; binary_opcode.go lists the opcodes.
//
// What is accepted, and how what is not is answered, is memcached 1.6.45's behaviour, oddities included
// where clients can see them. Where a comment says "memcached", that version's source is meant.
package protocol
