package registry

import (
	"fmt"
	"slices"

	"github.com/memactor/memactor/cluster/shard"
)

// drainee is the member to drain, and the id of another that is live. A member
// that is draining already needs none.
func drainee(members []shard.Node, id string) (node shard.Node, other string, err error) {
	i := slices.IndexFunc(members, func(n shard.Node) bool { return n.ID == id })
	if i < 0 {
		return shard.Node{}, "", fmt.Errorf("drain %s: %w: it is not a member", id, ErrUnknownNode)
	}
	rest := slices.IndexFunc(members, func(n shard.Node) bool { return n.ID != id && n.State == shard.Live })
	switch {
	case members[i].State == shard.Draining:
		return members[i], "", nil
	case rest < 0:
		return shard.Node{}, "", fmt.Errorf("drain %s: %w", id, ErrLastNode)
	}
	return members[i], members[rest].ID, nil
}
