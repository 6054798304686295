// Package harness starts real processes for the end-to-end tests and talks to
// them as a client would: memactor's own programs (built once for each test
// binary, or taken from the folder named by MEMACTOR_BIN), memcached as the live
// reference, whole clusters of them, raw connections that send bytes in any
// chunks, and a proxy that plants bugs between a checker and a server that works.
//
// Everything listens on 127.0.0.1. Every wait has a deadline. Every process that
// a test starts is killed when the test ends, and if the test failed the end of
// what the process printed is part of the test's log.
package harness
