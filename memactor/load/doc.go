// Package load is a load generator for servers that speak memcached's text protocol, classic or meta commands. It
// checks every reply.
//
// The life of one command:
//
//  1. A source (the mix of the measured load, or the filling of the server before it) names the verb and the keys.
//  2. The lane of a connection renders it in the words of the protocol, and puts it at the end of its window of unanswered
//     commands.
//  3. The worker writes all that its lane has rendered with one system call.
//  4. What the socket gives is parsed where it lies, and each reply is held against the oldest command of the window: the
//     verb must fit, a value must be for the next key asked for (or a later one: misses are silent), and the value must
//     be, in every byte, the one that belongs to the key. The command is counted, with the time since it was written.
//  5. As many commands as were answered are sent anew, in one write (rolling refill, as memtier does it): a connection
//     always has its whole pipeline in flight, and never waits for a batch to be complete before it sends the next.
//
// It is a closed loop: a server that stalls is sent less, so latencies hold only for the throughput that they are printed
// with.
//
// # What drives the sockets
//
// One goroutine per thread waits on an epoll of its own. Against memcached 1.6 with 4 threads on 2 shared cores, 100 byte
// values, the same lanes were driven by a goroutine per connection on package net as well (k ops/s; p50 at 1x1):
//
//	connections x pipeline    50x32   50x1   1x32   1x1
//	epoll                       256     84    139   22.5 (50 us)
//	epoll, wait as a Syscall    257     86    128   21   (51 us)
//	package net                 241    104    117   15   (64 us)
//
// In all of them memcached was the limit (1.5 cores at 50x32, where the generator took 0.4). Package net wins only where it
// takes more than one core for itself, as two threads do too; its wake-ups add 15 us to every reply of a single
// connection, which would hide most of the difference between two servers. So epoll it is, and the wait is a raw system
// call: it keeps its processor from the scheduler, and thus needs one more than it has threads ([GOMAXPROCS]).
package load
