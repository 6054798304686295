package registry

import (
	"errors"
	"testing"

	"github.com/memactor/memactor/cluster/shard"
)

func TestParseNodes(t *testing.T) {
	nodes, err := ParseNodes([]string{"a=127.0.0.1:7001", "b=[::1]:7002"})
	if err != nil || len(nodes) != 2 || nodes[1] != (shard.Node{ID: "b", Address: "[::1]:7002"}) {
		t.Fatal(nodes, err)
	}
	for _, bad := range []string{"", "a", "=127.0.0.1:1", "a=", "a=nowhere", "a b=127.0.0.1:1"} {
		if _, err := ParseNodes([]string{bad}); !errors.Is(err, shard.ErrNode) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
