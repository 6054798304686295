package registry

import (
	"context"
	"fmt"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/shard"
)

// Drain marks a member as draining. Its session keeps the key.
func (c *Consul) Drain(ctx context.Context, id string) error {
	for range 10 {
		pairs, err := c.calls.list(ctx, c.keys.nodes)
		if err != nil {
			return err
		}
		if done, err := c.tryDrain(ctx, pairs, id); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("drain %s: %w", id, ErrConflict)
}

// tryDrain marks a member if nothing has changed since the pairs were read: it is
// one transaction with the check of another live member, so that of two orders to
// drain the last two nodes one is refused. False: something has changed.
func (c *Consul) tryDrain(ctx context.Context, pairs api.KVPairs, id string) (done bool, err error) {
	nodes, held := c.membersOf(pairs)
	node, other, err := drainee(nodes, id)
	if err != nil || node.State == shard.Draining {
		return true, err
	}
	node.State = shard.Draining
	_, failed, err := c.calls.txn(ctx,
		&api.KVTxnOp{Verb: api.KVCheckIndex, Key: held[other].Key, Index: held[other].ModifyIndex},
		&api.KVTxnOp{Verb: api.KVCAS, Key: held[id].Key, Index: held[id].ModifyIndex, Value: encodeMember(node)},
	)
	return err == nil && failed == nil, err
}
