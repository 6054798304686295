package registry

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/consul/api"
)

// GatewayList is the gateways at one moment, in order of their ids.
type GatewayList struct {
	// Index is Consul's: a later list has a larger one, unless Consul was emptied or set back.
	Index    uint64
	Gateways []Gateway
}

// WatchGateways sends the list of gateways, and then each newer one (older ones that were not received are dropped),
// until ctx ends or the registry is closed. It waits at Consul for news; while Consul is away nothing comes.
func (c *Consul) WatchGateways(ctx context.Context) <-chan GatewayList {
	lists := newTopic[GatewayList]()
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(c.ctx, cancel)
	go func() {
		defer cancel()
		defer lists.end()
		c.followGateways(ctx, lists)
	}()
	return lists.watch(ctx)
}

func (c *Consul) followGateways(ctx context.Context, lists *topic[GatewayList]) {
	var list GatewayList
	ask := func(q *api.QueryOptions) (*api.QueryMeta, error) {
		entries, meta, err := c.calls.client.Health().Service(c.keys.gatewayService, "", false, q)
		if err == nil {
			list = GatewayList{meta.LastIndex, gatewaysOf(entries)}
		}
		return meta, err
	}
	c.follow(ctx, "the gateways", ask, func() bool {
		lists.publish(list)
		return true
	})
}

// gatewaysOf are the gateways among Consul's services.
func gatewaysOf(entries []*api.ServiceEntry) []Gateway {
	gateways := make([]Gateway, 0, len(entries))
	for _, e := range entries {
		gateways = append(gateways, Gateway{
			ID:      e.Service.Meta["gateway"],
			Address: net.JoinHostPort(e.Service.Address, strconv.Itoa(e.Service.Port)),
			Status:  e.Checks.AggregatedStatus(),
		})
	}
	slices.SortFunc(gateways, func(a, b Gateway) int { return strings.Compare(a.ID, b.ID) })
	return gateways
}
