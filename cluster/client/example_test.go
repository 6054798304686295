package client_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/registry"
)

// A Go program that skips the gateway: it follows the shard map itself and talks
// to the owner of each key.
func Example() {
	nodes, stop := client.StartNodes(2) // two shard nodes on 127.0.0.1
	defer stop()

	maps, err := registry.NewStatic(nodes, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = maps.Close() }()
	c := client.New(maps, client.WithTimeout(time.Second))
	defer func() { _ = c.Close() }()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.WaitReady(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := c.Set(ctx, &client.Item{Key: "greeting", Value: []byte("hello"), Exptime: 60}); err != nil {
		fmt.Println(err)
	}
	item, err := c.Get(ctx, "greeting")
	if err == nil {
		fmt.Printf("%s\n", item.Value)
	}
	if _, err := c.Get(ctx, "nobody"); errors.Is(err, client.ErrNotFound) {
		fmt.Println("a miss")
	}
	// Output:
	// hello
	// a miss
}
