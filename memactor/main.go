// Command memactor is the command line for people: a whole cluster in one process to develop against, and tools for
// running clusters.
package main

import "github.com/memactor/memactor/cluster/daemon"

func main() { daemon.Main(newRoot()) }
