// Package shardnode is the node that hosts key actors. Run is what its main and
// `memactor dev` start.
package shardnode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/memactor/memactor/cluster/certs"
	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
	"github.com/memactor/memactor/shardnode/internal/coordinator"
	"github.com/memactor/memactor/shardnode/internal/region"
	"github.com/memactor/memactor/shardnode/internal/service"
)

// errDrained ends a node whose shards have been drained away: no failure.
var errDrained = errors.New("drained")

// ErrLost means that another run of a node with this id has taken its place.
var ErrLost = errors.New("another node has taken this id over")

const (
	// leaveTimeout bounds how long the registry may take to let the node go.
	leaveTimeout = 3 * time.Second
	// handOverTimeout bounds how long a node that leaves waits for a map without it.
	handOverTimeout = 2 * time.Second
	// drainTimeout bounds how long streams may take to end in order.
	drainTimeout = 5 * time.Second
)

// node is one run of a shard node.
type node struct {
	cfg      Config
	p        daemon.Process
	registry registry.Registry
	region   *region.Region
	service  *service.Service
	server   *grpc.Server
	member   registry.Membership

	taken   chan struct{} // gets a value after each map that the region has taken
	drained chan struct{} // closed: the node was told to go, and its shards are others'
}

// Run hosts the shards that the maps of reg give to this node until ctx ends, or
// until it is draining and owns none any more; then it leaves the cluster, answers
// what is in flight and returns nil. A nil reg is that
// of a cluster of this node alone.
func Run(ctx context.Context, p daemon.Process, cfg Config, reg registry.Registry) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	mesh, err := cfg.OpenMutual()
	if err != nil {
		return fmt.Errorf("%w: %w", daemon.ErrConfig, err)
	}
	listener, err := net.Listen("tcp", cfg.GRPC)
	if err != nil {
		return fmt.Errorf("grpc: %w", err)
	}
	address, err := cfg.advertised(listener.Addr().String())
	if err != nil {
		_ = listener.Close()
		return err
	}
	if reg == nil {
		alone, err := registry.NewStatic([]shard.Node{{ID: cfg.ID, Address: address, Zone: cfg.Zone}}, cfg.Shards)
		if err != nil {
			_ = listener.Close()
			return err
		}
		defer func() { _ = alone.Close() }()
		reg = alone
	}
	p.Reloads.Add("grpc certificates", mesh.Reload)
	go mesh.Watch(ctx, p.Log)
	return newNode(cfg, p, mesh, reg).run(ctx, listener, address)
}

func newNode(cfg Config, p daemon.Process, mesh *certs.Mesh, reg registry.Registry) *node {
	r := region.New(region.Options{
		NodeID: cfg.ID, Memory: int64(cfg.Memory), NoEviction: cfg.NoEviction, MaxItem: int(cfg.MaxItem), Log: p.Log,
	})
	if cfg.PrefixDelimiter != "" {
		r.Prefixes().Start(cfg.PrefixDelimiter[0])
	}
	stats := &service.Stats{Region: r, MaxItem: int64(cfg.MaxItem), NoEviction: cfg.NoEviction}
	s := service.New(r, stats, p.Log)
	s.Debug = cfg.Debug
	server := grpc.NewServer(slices.Concat(service.ServerOptions(), daemon.ServerOptions(p, nil), mesh.ServerOptions())...)
	s.Register(server)
	p.Metrics.MustRegister(stats)
	p.Ready.Add("region", func() error {
		if r.Map() == nil {
			return errors.New("no shard map yet")
		}
		return nil
	})
	return &node{
		cfg: cfg, p: p, registry: reg, region: r, service: s, server: server,
		taken: make(chan struct{}, 1), drained: make(chan struct{}),
	}
}

// run serves, joins, and works until ctx ends or the membership does.
func (n *node) run(ctx context.Context, listener net.Listener, address string) error {
	n.p.Log.Info().Str("node", n.cfg.ID).Stringer("address", listener.Addr()).Str("advertised", address).Msg("serving gRPC")
	served := make(chan error, 1)
	go func() { served <- n.server.Serve(listener) }()
	err := n.join(ctx, address)
	if err == nil {
		err = n.work(ctx, served)
	}
	n.stop()
	if errors.Is(err, errDrained) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// join makes the node a member. It serves before that: shards may be its own at once.
func (n *node) join(ctx context.Context, address string) error {
	self := shard.Node{
		ID: n.cfg.ID, Incarnation: uint64(time.Now().UnixMilli()),
		Address: address, Zone: n.cfg.Zone, Weight: uint32(n.cfg.Weight),
	}
	member, err := n.registry.Join(ctx, self)
	if err != nil {
		return fmt.Errorf("join as %s: %w", n.cfg.ID, err)
	}
	n.member = member
	n.region.SetIncarnation(member.Node().Incarnation)
	return nil
}

// work follows the map, sweeps, and coordinates when elected. Then the node leaves.
func (n *node) work(ctx context.Context, served <-chan error) error {
	following, unfollow := context.WithCancel(context.WithoutCancel(ctx))
	defer unfollow()
	group, ctx := errgroup.WithContext(ctx)
	go n.follow(following)
	group.Go(func() error { n.region.Run(ctx); return nil })
	group.Go(func() error {
		return coordinator.Run(ctx, coordinator.Config{Registry: n.registry, Membership: n.member, Log: n.p.Log})
	})
	group.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-served:
			return err
		case <-n.member.Lost():
			return ErrLost
		case <-n.drained:
			n.p.Log.Info().Msg("drained: the shards are others'")
			return errDrained
		}
	})
	err := group.Wait()
	if errors.Is(err, registry.ErrLost) {
		err = ErrLost // the coordinator may be the first to notice
	}
	n.leave()
	return err
}

// follow gives the region each map.
func (n *node) follow(ctx context.Context) {
	for m := range n.registry.WatchMap(ctx) {
		if err := n.region.SetMap(m); err != nil {
			n.p.Log.Warn().Err(err).Msg("shard map not taken")
			continue
		}
		n.service.SetServing(true)
		select {
		case n.taken <- struct{}{}:
		default: // one says all
		}
		n.checkDrained(m)
	}
}

// checkDrained ends the node if m has nothing left for it to do.
func (n *node) checkDrained(m *shard.Map) {
	select {
	case <-n.drained:
	default:
		if drained(m, n.member.Node()) {
			close(n.drained)
		}
	}
}

// drained says whether m knows this run of a node as draining, and has owners for
// all shards without it. An earlier run that was told to go is no reason.
func drained(m *shard.Map, self shard.Node) bool {
	i := m.Find(self.ID)
	if i < 0 || m.NodeAt(i).State != shard.Draining || m.NodeAt(i).Incarnation != self.Incarnation {
		return false
	}
	owned, none := m.Counts()
	return owned[i] == 0 && none == 0
}

// leave gives the shards away: until a map says that they are another's, they are
// served here.
func (n *node) leave() {
	n.service.Retire()
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	if err := n.member.Leave(ctx); err != nil {
		n.p.Log.Warn().Err(err).Msg("not left in order")
		return
	}
	if _, fixed := n.registry.(*registry.Static); fixed {
		return
	}
	n.handOver()
}

// handOver waits until the shards have another owner, as long as there is a member
// that could be it.
func (n *node) handOver() {
	ctx, cancel := context.WithTimeout(context.Background(), handOverTimeout)
	defer cancel()
	members := n.registry.WatchMembers(ctx)
	for n.region.Stats().Shards > 0 {
		select {
		case <-n.taken:
		case now := <-members:
			if len(now) == 0 {
				return // nobody, or the time is over
			}
		case <-ctx.Done():
			n.p.Log.Warn().Msg("nobody has taken the shards over")
			return
		}
	}
}

// stop ends the streams in order, and cuts off what does not end.
func (n *node) stop() {
	n.service.Drain()
	stopped := make(chan struct{})
	go func() { n.server.GracefulStop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(drainTimeout):
		n.server.Stop()
	}
	n.region.Wait()
}
