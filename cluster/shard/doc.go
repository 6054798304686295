// Package shard is the arithmetic of memactor: which shard a key belongs to,
// which node owns a shard, and what the next table of owners is when nodes
// come and go.
//
//	key  -> shard: Of, the top bits of xxhash64(key)
//	shard -> node: Map, an immutable and versioned table
//	nodes -> Map:  Plan, a pure function of the last map and the members
//
// Nothing here does I/O, reads a clock or draws a random number. Two processes
// that call Plan with the same arguments get the same map.
package shard
