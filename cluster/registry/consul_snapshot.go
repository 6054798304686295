package registry

import (
	"context"
	"strings"

	"github.com/memactor/memactor/cluster/shard"
)

// Snapshot is what Consul has of a cluster at one moment.
type Snapshot struct {
	// Map is the stored map; nil: there is none.
	Map *shard.Map
	// Members are the nodes that are alive, in order of their ids.
	Members []shard.Node
	// Coordinator is the id of the coordinator, "" if there is none.
	Coordinator string
}

// Snapshot reads all that there is of the cluster in one call. It is for looking
// at a cluster; whoever takes part in it watches. A map that cannot be read is an
// error, of package shard.
func (c *Consul) Snapshot(ctx context.Context) (Snapshot, error) {
	pairs, err := c.calls.list(ctx, c.keys.root)
	if err != nil {
		return Snapshot{}, err
	}
	maps := c.keys.sort(pairs)
	if maps.unreadable != nil {
		return Snapshot{}, maps.unreadable
	}
	s := Snapshot{Map: maps.stored}
	s.Members, _ = c.membersOf(pairs)
	for _, pair := range pairs {
		if pair.Key == c.keys.coordinator && pair.Session != "" {
			s.Coordinator = string(pair.Value)
		}
	}
	return s, nil
}

// Clusters are the names of all clusters that have something in this Consul.
func (c *Consul) Clusters(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.calls.timeout)
	defer cancel()
	const all = "memactor/"
	keys, meta, err := c.calls.client.KV().Keys(all, "/", c.calls.query(ctx))
	if err == nil && meta.ResultsFilteredByACLs {
		err = errFiltered
	}
	if err != nil {
		return nil, unavailable("list the clusters", err)
	}
	names := make([]string, 0, len(keys))
	for _, key := range keys {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(key, all), "/"))
	}
	return names, nil
}

// Cluster is the name of the cluster.
func (c *Consul) Cluster() string { return c.options.Cluster }

// Address is where the agent is, for people.
func (c *Consul) Address() string { return c.calls.address }
