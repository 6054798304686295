package gateway

import (
	"context"
	"net"
	"slices"
	"sync/atomic"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/gateway/internal/protocol"
)

// roster is the live gateways, as config get cluster tells them. It is kept in the
// background, so that no command waits for the registry.
type roster struct{ now atomic.Pointer[rosterEntry] }

// rosterEntry is never changed.
type rosterEntry struct {
	version   uint64
	endpoints []protocol.Endpoint
}

// gatewayWatcher is a registry in which gateways can be found: Consul is one.
type gatewayWatcher interface {
	WatchGateways(ctx context.Context) <-chan registry.GatewayList
}

// follow keeps the roster until ctx ends, if maps is from where gateways are known.
func (r *roster) follow(ctx context.Context, maps client.Maps) {
	known, ok := maps.(gatewayWatcher)
	if !ok {
		return
	}
	for list := range known.WatchGateways(ctx) {
		r.take(list)
	}
}

// take makes the passing gateways of list the roster, under a larger version if they
// are others. Consul's index is the version where it can be, so that all gateways tell
// the same.
func (r *roster) take(list registry.GatewayList) {
	var live []protocol.Endpoint
	for _, g := range list.Gateways {
		if host, port, err := net.SplitHostPort(g.Address); err == nil && g.Status == "passing" {
			live = append(live, protocol.Endpoint{Host: host, Port: port})
		}
	}
	old := r.now.Load()
	switch {
	case old == nil:
		r.now.Store(&rosterEntry{list.Index, live})
	case !slices.Equal(old.endpoints, live):
		r.now.Store(&rosterEntry{max(list.Index, old.version+1), live})
	}
}

// gateways are the live ones; none if this gateway knows of no others.
func (r *roster) gateways() (version uint64, all []protocol.Endpoint) {
	if e := r.now.Load(); e != nil {
		return e.version, e.endpoints
	}
	return 0, nil
}
