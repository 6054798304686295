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

// membersOf are the members of these pairs, in order of their ids, and the pair
// of each. Keys that no session holds, or that make no sense, are
// nobody's.
func (c *Consul) membersOf(pairs api.KVPairs) ([]shard.Node, map[string]*api.KVPair) {
	nodes := make([]shard.Node, 0, len(pairs))
	held := make(map[string]*api.KVPair, len(pairs))
	for _, pair := range pairs {
		if pair.Session == "" || !strings.HasPrefix(pair.Key, c.keys.nodes) {
			continue
		}
		n, err := c.keys.decodeMember(pair)
		if err != nil {
			c.log.Error().Err(err).Msg("consul: ignoring what is no member")
			continue
		}
		nodes = append(nodes, n)
		held[n.ID] = pair
	}
	slices.SortFunc(nodes, func(a, b shard.Node) int { return strings.Compare(a.ID, b.ID) })
	return nodes, held
}

// sawMembers takes in the members' keys.
func (c *Consul) sawMembers(pairs api.KVPairs) {
	nodes, held := c.membersOf(pairs)
	if last := c.members.look(); !last.set || !slices.Equal(last.value, nodes) {
		c.members.publish(nodes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.member != nil {
		c.member.heard(nodes, held)
	}
}
