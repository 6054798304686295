package gateway

import (
	"context"
	"time"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
)

// withdrawTimeout bounds how long the registry may hold up the exit.
const withdrawTimeout = time.Second

// announcer is a registry in which gateways can be found: Consul is one.
type announcer interface {
	Announce(g registry.Gateway) (*registry.Announcement, error)
}

// announce makes the gateway known, if maps is from where gateways are known, until
// withdraw is called. A gateway without a TCP port is nobody's to find.
func announce(p daemon.Process, cfg Config, maps client.Maps, listeners []socket) (withdraw func(), err error) {
	known, ok := maps.(announcer)
	if !ok {
		return func() {}, nil
	}
	address, err := cfg.advertised(tcpOf(listeners))
	if err != nil || address == "" {
		return func() {}, err
	}
	announcement, err := known.Announce(registry.Gateway{ID: address, Address: address, Ready: p.Ready.Err})
	if err != nil {
		return nil, err
	}
	p.Log.Info().Str("advertised", address).Msg("announcing this gateway")
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), withdrawTimeout)
		defer cancel()
		if err := announcement.Withdraw(ctx); err != nil {
			p.Log.Warn().Err(err).Msg("not withdrawn in order; Consul will notice by itself")
		}
	}, nil
}

// tcpOf are the addresses of the TCP listeners.
func tcpOf(listeners []socket) []string {
	var all []string
	for _, l := range listeners {
		if l.Addr().Network() == "tcp" {
			all = append(all, l.Addr().String())
		}
	}
	return all
}
