// Command bench measures memactor beside twemproxy and memcached, and prints what docs/benchmarks.md holds.
//
//	make build && go run ./e2e/bench
//
// Three systems run at the same time, and one of them is under load at any time:
//
//	memactor    a gateway and two shard nodes, as three processes
//	twemproxy   nutcracker in front of two memcached servers
//	memcached   alone
//
// With -baseline an older build of ours is the fourth, "before", and each table has the ratios to it.
//
// Throughput is measured in cells (connections x pipeline, gets of 100 keys, meta commands). A system that does not know
// the meta commands is left out of their cells, where the ratios are to memcached. Each round gives every system a turn in
// every cell, and the order of the turns changes from round to round, so that what the machine does meanwhile hits all of
// them alike. The median over the rounds is printed with its ratio to twemproxy's. The load comes from package load,
// inside this process: every reply is checked, and a single wrong one fails the benchmark.
//
// Memory is measured on fresh processes: bytes per item, per idle connection, and growth by misses.
//
// All servers are children of this process and die with it.
package main
