package gateway

import (
	"fmt"
	"testing"

	"github.com/memactor/memactor/cluster/registry"
)

func TestRoster(t *testing.T) {
	var r roster
	if version, all := r.gateways(); version != 0 || all != nil {
		t.Fatalf("%d %v", version, all)
	}
	passing := func(address string) registry.Gateway { return registry.Gateway{Address: address, Status: "passing"} }
	for _, step := range []struct {
		list registry.GatewayList
		want string
	}{
		{registry.GatewayList{Index: 10, Gateways: []registry.Gateway{passing("a:1"), passing("[::1]:2")}}, "10 [{a 1} {::1 2}]"},
		{registry.GatewayList{Index: 12, Gateways: []registry.Gateway{passing("a:1"), passing("[::1]:2")}}, "10 [{a 1} {::1 2}]"},
		{registry.GatewayList{Index: 15, Gateways: []registry.Gateway{passing("a:1"), {Address: "b:2", Status: "critical"}}}, "15 [{a 1}]"},
		// Consul was emptied: its index is small again, and the version grows nevertheless.
		{registry.GatewayList{Index: 3, Gateways: []registry.Gateway{passing("b:2")}}, "16 [{b 2}]"},
		{registry.GatewayList{Index: 4, Gateways: []registry.Gateway{{Address: "nonsense", Status: "passing"}}}, "17 []"},
	} {
		r.take(step.list)
		version, all := r.gateways()
		if got := fmt.Sprint(version, all); got != step.want {
			t.Errorf("after %+v: %s, want %s", step.list, got, step.want)
		}
	}
}
