//go:build netns

package partition

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// claims are what nodes hold themselves to be the owners of. One epoch of one shard
// has one owner, whatever a node has not heard of.
type claims struct {
	mu     sync.Mutex
	owners map[claim]string
	wrong  error
}

type claim struct {
	shard int
	epoch uint64
}

// watchClaims asks every node over and over, until the test ends.
func watchClaims(t *testing.T, nodes []*harness.ShardNode) *claims {
	t.Helper()
	c := &claims{owners: map[claim]string{}}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for _, node := range nodes {
		client, _ := node.Client(t)
		group.Go(func() {
			for ctx.Err() == nil {
				c.ask(ctx, node.ID, client)
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	t.Cleanup(func() { cancel(); group.Wait() })
	return c
}

func (c *claims) ask(ctx context.Context, id string, client shardv1.ShardServiceClient) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	answer, err := client.GetShardMap(ctx, &shardv1.GetShardMapRequest{})
	if err == nil {
		c.take(id, answer.GetMap().GetShards())
	}
}

// take takes in what a node's own map says of it.
func (c *claims) take(id string, shards []*shardv1.ShardEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range shards {
		if s.GetPrimary() != id {
			continue
		}
		key := claim{i, s.GetEpoch()}
		if was, ok := c.owners[key]; ok && was != id && c.wrong == nil {
			c.wrong = fmt.Errorf("shard %d has two owners under epoch %d: %s and %s", i, key.epoch, was, id)
		}
		c.owners[key] = id
	}
}

// err is what was wrong up to now.
func (c *claims) err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrong
}

func TestClaims(t *testing.T) {
	entries := func(owner string, epoch uint64) []*shardv1.ShardEntry {
		return []*shardv1.ShardEntry{{Primary: "other", Epoch: 7}, {Primary: owner, Epoch: epoch}}
	}
	c := &claims{owners: map[claim]string{}}
	c.take("a", entries("a", 1))
	c.take("b", entries("a", 1))
	c.take("b", entries("b", 2))
	if c.err() != nil {
		t.Errorf("one owner for each epoch, and yet %v", c.err())
	}
	if c.take("c", entries("c", 2)); c.err() == nil {
		t.Error("two owners under one epoch were not noticed")
	}
}
