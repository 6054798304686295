package registry

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/shard"
)

// Consul is the registry of a deployed cluster. What it keeps in Consul, all of
// it under "memactor/<cluster>/":
//
//	map           the shard map, one value (shard.Encode)
//	map-recovered a newer map than the stored one, from a node that knows it,
//	              after Consul was wiped or restored; the coordinator takes it up
//	coordinator   the id of the coordinator, locked by its session
//	nodes/<id>    a member, locked by its session
//
// A member's session ends when its gRPC health check fails, when its machine's
// agent is gone, or when it is not renewed; Consul then deletes the keys that the
// session has locked. So the keys under nodes/ are the members, and the
// coordinator's key is there for as long as the coordinator.
//
// Each process is a service of Consul as well, for people and for DNS:
// "<cluster>-shardnode" and "<cluster>-gateway".
//
// While Consul is away, everything goes on with what was known last.
type Consul struct {
	options ConsulOptions
	calls   *consulCalls
	keys    consulKeys
	log     zerolog.Logger

	maps    *topic[*shard.Map]
	members *topic[[]shard.Node]

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	follows sync.Once // the members are followed when somebody asks for them

	mu      sync.Mutex
	member  *consulMember     // the node that joined through this registry, if one did
	leading *consulLeadership // its leadership, if it has it
	flapped time.Time         // until when members may come and go since Consul is back
}

var _ Registry = (*Consul)(nil)

// consulKeys are the names of a cluster's keys and services.
type consulKeys struct {
	root, maps, recovered, coordinator, nodes string
	nodeService, gatewayService               string
}

func newConsulKeys(cluster string) consulKeys {
	root := "memactor/" + cluster + "/"
	return consulKeys{
		root: root, maps: root + "map", recovered: root + "map-recovered",
		coordinator: root + "coordinator", nodes: root + "nodes/",
		nodeService: cluster + "-shardnode", gatewayService: cluster + "-gateway",
	}
}

// NewConsul is the registry for one process. It makes no call: whether Consul is
// there shows later, and the map may come from the copy on disk until then. The
// error is ErrOptions, or ErrOtherCluster for another cluster's copy.
func NewConsul(options ConsulOptions) (*Consul, error) {
	options = options.complete()
	if err := options.validate(); err != nil {
		return nil, err
	}
	calls, err := options.calls()
	if err != nil {
		return nil, err
	}
	c := &Consul{
		options: options,
		calls:   calls,
		keys:    newConsulKeys(options.Cluster),
		log:     options.Log,
		maps:    newTopic[*shard.Map](),
		members: newTopic[[]shard.Node](),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if err := c.openCopy(); err != nil {
		c.cancel()
		return nil, err
	}
	c.goDo(c.followMap)
	return c, nil
}

// goDo runs a task that ends with Close, unless that was already.
func (c *Consul) goDo(task func(ctx context.Context)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return false
	}
	c.tasks.Go(func() { task(c.ctx) })
	return true
}

// WatchMap follows the map.
func (c *Consul) WatchMap(ctx context.Context) <-chan *shard.Map { return c.maps.watch(ctx) }

// WatchMembers follows the members.
func (c *Consul) WatchMembers(ctx context.Context) <-chan []shard.Node {
	c.startMembers()
	return c.members.watch(ctx)
}

// startMembers is called by whoever needs the members; gateways do not.
func (c *Consul) startMembers() {
	c.follows.Do(func() { c.goDo(c.followMembers) })
}

// Close ends the watches and waits for everything that runs. A node that has not
// left looks as if it had crashed.
func (c *Consul) Close() error {
	c.mu.Lock()
	c.cancel()
	c.mu.Unlock()
	c.maps.end()
	c.members.end()
	c.tasks.Wait()
	c.calls.close()
	return nil
}

// Coordinator is the id of the coordinator, "" if there is none.
func (c *Consul) Coordinator(ctx context.Context) (string, error) {
	pair, err := c.calls.get(ctx, c.keys.coordinator)
	if err != nil || pair == nil || pair.Session == "" {
		return "", err
	}
	return string(pair.Value), nil
}
