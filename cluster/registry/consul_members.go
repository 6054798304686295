package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/shard"
)

// memberValue is what a member's key holds.
type memberValue struct {
	ID          string `json:"id"`
	Incarnation uint64 `json:"incarnation"`
	Address     string `json:"address"`
	Zone        string `json:"zone,omitempty"`
	Weight      uint32 `json:"weight,omitempty"`
	State       string `json:"state"`
}

func encodeMember(n shard.Node) []byte {
	text, err := json.Marshal(memberValue{n.ID, n.Incarnation, n.Address, n.Zone, n.Weight, n.State.String()})
	if err != nil {
		panic(err) // strings and numbers only
	}
	return text
}

// decodeMember is the node of a member's pair. Its key has the last word on the
// id.
func (k consulKeys) decodeMember(pair *api.KVPair) (shard.Node, error) {
	var v memberValue
	if err := json.Unmarshal(pair.Value, &v); err != nil {
		return shard.Node{}, fmt.Errorf("key %s: %w: %w", pair.Key, shard.ErrNode, err)
	}
	state, err := shard.ParseNodeState(v.State)
	if err != nil {
		return shard.Node{}, fmt.Errorf("key %s: %w", pair.Key, err)
	}
	n := shard.Node{ID: v.ID, Incarnation: v.Incarnation, Address: v.Address, Zone: v.Zone, Weight: v.Weight, State: state}
	if n.ID != strings.TrimPrefix(pair.Key, k.nodes) {
		return shard.Node{}, fmt.Errorf("key %s: %w: id %q", pair.Key, shard.ErrNode, n.ID)
	}
	return n, n.Validate()
}

// followMembers keeps the list of members.
func (c *Consul) followMembers(ctx context.Context) {
	var pairs api.KVPairs
	ask := func(q *api.QueryOptions) (meta *api.QueryMeta, err error) {
		pairs, meta, err = c.calls.client.KV().List(c.keys.nodes, q)
		return meta, err
	}
	c.follow(ctx, "the members", ask, func() bool {
		c.sawMembers(pairs)
		return true
	})
}

// sawMembers takes in the members' keys, which are in order of the ids already.
// Keys that no session holds, or that make no sense, are nobody's.
func (c *Consul) sawMembers(pairs api.KVPairs) {
	nodes := make([]shard.Node, 0, len(pairs))
	sessions := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		if pair.Session == "" {
			continue
		}
		n, err := c.keys.decodeMember(pair)
		if err != nil {
			c.log.Error().Err(err).Msg("consul: ignoring what is no member")
			continue
		}
		nodes = append(nodes, n)
		sessions[n.ID] = pair.Session
	}
	slices.SortFunc(nodes, func(a, b shard.Node) int { return strings.Compare(a.ID, b.ID) })
	if last := c.members.look(); !last.set || !slices.Equal(last.value, nodes) {
		c.members.publish(nodes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.member != nil {
		c.member.heard(nodes, sessions)
	}
}

// Drain marks a member as draining. Its session keeps the key.
func (c *Consul) Drain(ctx context.Context, id string) error {
	for range 10 {
		pair, err := c.calls.get(ctx, c.keys.nodes+id)
		if err != nil {
			return err
		}
		if pair == nil || pair.Session == "" {
			return fmt.Errorf("%w: %q is not a member", ErrUnknownNode, id)
		}
		node, err := c.keys.decodeMember(pair)
		if err != nil || node.State == shard.Draining {
			return err
		}
		node.State = shard.Draining
		pair.Value = encodeMember(node)
		if ok, err := c.calls.cas(ctx, pair); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("drain %s: %w", id, ErrConflict)
}
