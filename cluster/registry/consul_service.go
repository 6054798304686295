package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/memactor/memactor/cluster/shard"
)

// deregisterAfter is when Consul forgets a service that is critical: what a
// machine that is gone has left behind.
const deregisterAfter = 2 * time.Minute

// serviceID names a node's service at its agent, and checkID the check of it.
func (k consulKeys) serviceID(id string) string { return k.nodeService + "-" + id }
func (k consulKeys) checkID(id string) string   { return "service:" + k.serviceID(id) }

// nodeRegistration is a node as a service of Consul. The check starts as passing:
// a node joins when it serves, and the first real check is seconds away.
func (c *Consul) nodeRegistration(n shard.Node) (*api.AgentServiceRegistration, error) {
	host, port, err := splitAddress(n.Address)
	if err != nil {
		return nil, err
	}
	service := &api.AgentServiceRegistration{
		ID: c.keys.serviceID(n.ID), Name: c.keys.nodeService, Address: host, Port: port,
		Tags: []string{"memactor"},
		Meta: map[string]string{
			"cluster": c.options.Cluster, "node": n.ID, "zone": n.Zone,
			"incarnation": strconv.FormatUint(n.Incarnation, 10),
		},
	}
	if c.options.CheckInterval > 0 {
		service.Check = &api.AgentServiceCheck{
			CheckID: c.keys.checkID(n.ID), Name: "gRPC health of " + n.ID,
			GRPC: n.Address, GRPCUseTLS: c.options.CheckTLS, TLSSkipVerify: c.options.CheckTLS,
			Interval: c.options.CheckInterval.String(), Timeout: c.options.CheckInterval.String(),
			FailuresBeforeCritical: 2, Status: api.HealthPassing,
			DeregisterCriticalServiceAfter: deregisterAfter.String(),
		}
	}
	return service, nil
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil {
		err = fmt.Errorf("%w: address %q: %w", shard.ErrNode, address, err)
	}
	return host, port, err
}

// register makes a service known to the agent, in place of an earlier one of the
// same id.
func (c *consulCalls) register(ctx context.Context, service *api.AgentServiceRegistration) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	opts := api.ServiceRegisterOpts{ReplaceExistingChecks: true, Token: c.token()}
	return unavailable("register "+service.ID, c.client.Agent().ServiceRegisterOpts(service, opts.WithContext(ctx)))
}

// deregister takes a service away; one that is not there is no error.
func (c *consulCalls) deregister(ctx context.Context, serviceID string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := c.client.Agent().ServiceDeregisterOpts(serviceID, c.query(ctx))
	if isNotFound(err) {
		return nil
	}
	return unavailable("deregister "+serviceID, err)
}

// registered says whether Consul knows a node as a service: its agent, and the
// catalog, which after a restore may be older than what the agent has told it.
func (c *Consul) registered(ctx context.Context, nodeID string) (bool, error) {
	known, err := c.calls.agentKnows(ctx, c.keys.serviceID(nodeID))
	if err != nil || !known || c.options.CheckInterval < 0 {
		return known, err
	}
	return c.calls.catalogKnows(ctx, c.keys.nodeService, c.keys.checkID(nodeID))
}

func (c *consulCalls) agentKnows(ctx context.Context, serviceID string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	_, _, err := c.client.Agent().Service(serviceID, c.query(ctx))
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, unavailable("look for "+serviceID, err)
}

func (c *consulCalls) catalogKnows(ctx context.Context, service, checkID string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	checks, _, err := c.client.Health().Checks(service, c.query(ctx))
	known := slices.ContainsFunc(checks, func(check *api.HealthCheck) bool { return check.CheckID == checkID })
	return known, unavailable("look for "+checkID, err)
}

// report tells the agent how a service with a TTL check is. False: the agent does
// not know the check.
func (c *consulCalls) report(ctx context.Context, checkID, note, status string) (known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err = c.client.Agent().UpdateTTLOpts(checkID, note, status, c.query(ctx))
	if isNotFound(err) {
		return false, nil
	}
	return true, unavailable("report "+checkID, err)
}

func isNotFound(err error) bool {
	var status api.StatusError
	return errors.As(err, &status) && status.Code == http.StatusNotFound
}
