package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/consul/api"
)

// Gateway is a process that serves memcached clients and owns no shards. It is a
// service of Consul, so that clients find it by DNS and people in the UI.
type Gateway struct {
	// ID is unique in the cluster.
	ID string
	// Address is where memcached clients connect, host:port.
	Address string
	// Ready says why the gateway cannot serve now; nil is that it can. It is
	// asked every second, and must not block. Not set in what Gateways returns.
	Ready func() error
	// Status is Consul's word for how it is: "passing", "critical". Only set in
	// what Gateways returns.
	Status string
}

const (
	// announceTTL is after how long without a word a gateway is critical.
	announceTTL = 30 * time.Second
	// announceEvery is how often a gateway says that nothing has changed.
	announceEvery = announceTTL / 3
)

// Announcement is one gateway's place among Consul's services.
type Announcement struct {
	c       *Consul
	gateway Gateway
	service *api.AgentServiceRegistration
	stop    context.CancelFunc
	stopped chan struct{}

	told string    // the status that Consul was told last, "" for none
	at   time.Time // when
}

// Announce makes a gateway a service of Consul, as soon as Consul is there, and
// again when it has forgotten. The gateway serves in any case. Withdraw it.
func (c *Consul) Announce(g Gateway) (*Announcement, error) {
	host, port, err := splitAddress(g.Address)
	if err != nil {
		return nil, err
	}
	id := c.keys.gatewayService + "-" + g.ID
	ctx, stop := context.WithCancel(c.ctx)
	a := &Announcement{c: c, gateway: g, stop: stop, stopped: make(chan struct{})}
	a.service = &api.AgentServiceRegistration{
		ID: id, Name: c.keys.gatewayService, Address: host, Port: port,
		Tags: []string{"memactor", "memcached"},
		Meta: map[string]string{"cluster": c.options.Cluster, "gateway": g.ID},
		Check: &api.AgentServiceCheck{
			CheckID: "service:" + id, Name: "what " + g.ID + " says of itself",
			TTL: announceTTL.String(), Status: api.HealthCritical,
			DeregisterCriticalServiceAfter: deregisterAfter.String(),
		},
	}
	if !c.goDo(func(context.Context) { a.keep(ctx) }) {
		stop()
		return nil, ErrClosed
	}
	return a, nil
}

// keep tells Consul how the gateway is, until it is withdrawn.
func (a *Announcement) keep(ctx context.Context) {
	defer close(a.stopped)
	for failures := 0; ctx.Err() == nil; {
		wait := time.Second
		if err := a.tell(ctx); err != nil {
			wait = backoff(failures)
			failures++
			a.c.complain("the announcement of this gateway", failures-1, err)
		} else {
			failures = 0
		}
		pause(ctx, wait)
	}
}

// tell says how the gateway is, if that is news or was not said for a while.
func (a *Announcement) tell(ctx context.Context) error {
	status, note := api.HealthPassing, ""
	if err := a.gateway.Ready(); err != nil {
		status, note = api.HealthCritical, err.Error()
	}
	if status == a.told && time.Since(a.at) < announceEvery {
		return nil
	}
	known, err := a.c.calls.report(ctx, a.service.Check.CheckID, note, status)
	if err == nil && !known {
		if err = a.c.calls.register(ctx, a.service); err == nil {
			known, err = a.c.calls.report(ctx, a.service.Check.CheckID, note, status)
		}
	}
	switch {
	case err != nil:
		a.told = ""
		return err
	case !known:
		return fmt.Errorf("%s: %w", a.service.ID, ErrLost)
	}
	a.told, a.at = status, time.Now()
	return nil
}

// Withdraw takes the service away. Calling it again does nothing.
func (a *Announcement) Withdraw(ctx context.Context) error {
	a.stop()
	select {
	case <-a.stopped:
	case <-ctx.Done():
		return ctx.Err()
	}
	return a.c.calls.deregister(ctx, a.service.ID)
}

// Gateways are the gateways that Consul knows of, in order of their ids.
func (c *Consul) Gateways(ctx context.Context) ([]Gateway, error) {
	ctx, cancel := context.WithTimeout(ctx, c.calls.timeout)
	defer cancel()
	entries, meta, err := c.calls.client.Health().Service(c.keys.gatewayService, "", false, c.calls.query(ctx))
	if err == nil && meta.ResultsFilteredByACLs && len(entries) == 0 {
		err = errFiltered
	}
	if err != nil {
		return nil, unavailable("list the gateways", err)
	}
	return gatewaysOf(entries), nil
}
