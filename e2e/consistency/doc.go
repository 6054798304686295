// Package consistency loads servers with clients that write down what they asked
// and what they were answered, and checks the history for what may never happen,
// whatever fails meanwhile: a wrong value, a value of another key, a reply out of
// order, a write that was acknowledged and is gone although nothing may be lost, a
// value that comes back after it was gone.
//
// Two checks work together. While replies are read, each has to fit its command:
// its form, its keys and their order, and values carry the key and the command
// that stored them. Afterwards the history of each key has to be linearizable:
// there is an order of its operations, which agrees with their times, in which an
// ordinary memcached would have answered just so.
//
// What a command that was not answered has done is unknown: it may have taken
// effect at any later time, or never. A SERVER_ERROR whose text does not say that
// the outcome is unknown is a promise that nothing was done.
package consistency
