package registry

import (
	"context"
	"time"

	"github.com/hashicorp/consul/api"
)

// lockDelay is how long nobody can lock what a session held that has ended
// badly. Consul's 15 s are there for holders that do not check whether they
// still hold; here every write checks, so it is next to nothing. (0 would mean
// 15 s.)
const lockDelay = time.Millisecond

// consulSession is one session of a member. Every lock that it holds goes when it
// ends: Consul deletes the keys.
type consulSession struct {
	id    string
	ended context.Context // done when the session is known to have ended
	end   context.CancelFunc
}

// openSession makes a session that lasts as long as the agent's machine, the
// node's health check and the renewals do. While the check is critical, or not
// known to Consul's servers yet, this fails.
func (c *Consul) openSession(ctx context.Context, nodeID string) (*consulSession, error) {
	entry := &api.SessionEntry{
		Name: "memactor " + c.options.Cluster + " " + nodeID, TTL: c.options.TTL.String(),
		Behavior: api.SessionBehaviorDelete, LockDelay: lockDelay,
		NodeChecks: []string{"serfHealth"},
	}
	if c.options.CheckInterval > 0 {
		entry.ServiceChecks = []api.ServiceCheck{{ID: c.keys.checkID(nodeID)}}
	}
	id, err := c.calls.createSession(ctx, entry)
	if err != nil {
		return nil, err
	}
	s := &consulSession{id: id}
	s.ended, s.end = context.WithCancel(context.Background())
	return s, nil
}

func (c *consulCalls) createSession(ctx context.Context, entry *api.SessionEntry) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	id, _, err := c.client.Session().Create(entry, c.write(ctx))
	return id, unavailable("create a session", err)
}

// renew says whether the session is still there.
func (c *consulCalls) renew(ctx context.Context, id string) (alive bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	entry, _, err := c.client.Session().Renew(id, c.write(ctx))
	return entry != nil, unavailable("renew the session", err)
}

// destroySession ends a session; one that is not there is no error.
func (c *consulCalls) destroySession(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	_, err := c.client.Session().Destroy(id, c.write(ctx))
	return unavailable("end the session", err)
}
