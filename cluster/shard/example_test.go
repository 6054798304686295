package shard_test

import (
	"fmt"

	"github.com/memactor/memactor/cluster/shard"
)

// A cluster of two nodes loses one: only its shards move.
func ExamplePlan() {
	none, _ := shard.Empty("example", 8)
	two := shard.Plan(none, []shard.Node{{ID: "n1"}, {ID: "n2"}}, 1)
	one := shard.Plan(two, []shard.Node{{ID: "n2"}}, 1)
	fmt.Println(two)
	fmt.Println(one)
	fmt.Println(shard.Moves(two, one), "shards moved")
	// Output:
	// map example/1 of 8 shards on 2 nodes, 0 without owner
	// map example/2 of 8 shards on 1 nodes, 0 without owner
	// 4 shards moved
}
