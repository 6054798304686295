// Package service is a region's gRPC side: the Envelope API (ShardService), health,
// reflection and channelz.
package service

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	channelz "google.golang.org/grpc/channelz/service"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/memactor/memactor/cluster/shardpb"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
	"github.com/memactor/memactor/shardnode/internal/region"
)

// Service serves a region. Make it with New, end it with Drain.
type Service struct {
	shardv1.UnimplementedShardServiceServer
	region *region.Region
	stats  *Stats
	log    zerolog.Logger
	health *health.Server
	// Debug allows MoveClock. Set it before the service is registered.
	Debug bool

	maxUnread time.Duration

	dumps    chan struct{} // holds a token for each dump under way
	drain    chan struct{} // closed: streams end
	draining sync.Once
}

// New makes the service of a region; it is not healthy until SetServing.
func New(r *region.Region, stats *Stats, log zerolog.Logger) *Service {
	s := &Service{
		region: r, stats: stats, log: log, health: health.NewServer(), maxUnread: maxUnread,
		dumps: make(chan struct{}, maxDumps), drain: make(chan struct{}),
	}
	s.SetServing(false)
	return s
}

// The windows are large and static: gRPC then sends no pings to estimate them.
const (
	streamWindow = 4 << 20
	connWindow   = 8 << 20
	ioBuffer     = 64 << 10
	minPing      = 5 * time.Second
)

// ServerOptions are what the service needs of its gRPC server.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(wire.Codec{}),
		grpc.MaxRecvMsgSize(wire.MaxMessage), grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(connWindow),
		grpc.ReadBufferSize(ioBuffer), grpc.WriteBufferSize(ioBuffer),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minPing, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 2 * minPing, Timeout: minPing}),
	}
}

// Register adds the service and its company to a gRPC server.
func (s *Service) Register(server *grpc.Server) {
	shardv1.RegisterShardServiceServer(server, s)
	healthpb.RegisterHealthServer(server, s.health)
	channelz.RegisterChannelzServiceToServer(server)
	reflection.Register(server)
}

// SetServing is what the health service says of ShardService: whether the node has
// a map to serve by. The process itself ("") is healthy until Drain: a registry
// that watches it has to find it healthy before it can have a map.
func (s *Service) SetServing(serving bool) {
	state := healthpb.HealthCheckResponse_NOT_SERVING
	if serving {
		state = healthpb.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus(shardv1.ShardService_ServiceDesc.ServiceName, state)
}

// Retire makes the health service say NOT_SERVING for good.
func (s *Service) Retire() { s.health.Shutdown() }

// Drain ends all streams in order, each when what it has received is answered.
func (s *Service) Drain() {
	s.Retire()
	s.draining.Do(func() { close(s.drain) })
}

// Ask delivers one envelope. A shard in it is not looked at.
func (s *Service) Ask(ctx context.Context, req *shardv1.AskRequest) (*shardv1.AskResponse, error) {
	in := req.GetEnvelope()
	m := s.region.Map()
	switch {
	case in == nil:
		return nil, status.Error(codes.InvalidArgument, "no envelope")
	case m == nil:
		return nil, status.Error(codes.Unavailable, "no shard map yet")
	}
	e := envelope(in)
	if len(e.Key) > 0 {
		e.Shard = uint32(m.Of(e.Key))
	}
	answer := make(asked, 1)
	s.region.NewDeliverer(answer, answer).Deliver(&e)
	select {
	case r := <-answer:
		return &shardv1.AskResponse{Reply: r}, nil
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// asked is the Sink of one envelope.
type asked chan *shardv1.Reply

func (a asked) Reply(_ uint32, r *wire.Reply) {
	a <- &shardv1.Reply{
		Id: r.ID, Status: r.Status, Value: append([]byte(nil), r.Value...), Flags: r.Flags, Cas: r.Cas,
		Number: r.Number, Message: r.Message, Moved: r.Moved, Marks: r.Marks, Ttl: r.TTL, Idle: r.Idle, Size: r.Size,
	}
}

func envelope(in *shardv1.Envelope) wire.Envelope {
	return wire.Envelope{
		ID: in.GetId(), Op: in.GetOp(), Shard: in.GetShard(), Epoch: in.GetEpoch(), Key: in.GetKey(), Value: in.GetValue(),
		Flags: in.GetFlags(), Exptime: in.GetExptime(), Cas: in.GetCas(), Delta: in.GetDelta(), Resume: in.GetResume(),
		Options: in.GetOptions(), Vivify: in.GetVivify(), Recache: in.GetRecache(), NewCas: in.GetNewCas(), Initial: in.GetInitial(),
	}
}

// GetShardMap tells the map that the node acts on.
func (s *Service) GetShardMap(context.Context, *shardv1.GetShardMapRequest) (*shardv1.GetShardMapResponse, error) {
	m := s.region.Map()
	if m == nil {
		return nil, status.Error(codes.Unavailable, "no shard map yet")
	}
	return &shardv1.GetShardMapResponse{Map: shardpb.Encode(m)}, nil
}

// GetStats tells a group of statistics, or does what the group says.
func (s *Service) GetStats(_ context.Context, req *shardv1.GetStatsRequest) (*shardv1.GetStatsResponse, error) {
	group := req.GetGroup()
	if group == "detail_dump" {
		return &shardv1.GetStatsResponse{Prefixes: s.stats.prefixes()}, nil
	}
	stats, ok := s.stats.Group(group)
	if !ok {
		return nil, status.Errorf(codes.InvalidArgument, "no group %q of statistics", group)
	}
	return &shardv1.GetStatsResponse{Stats: stats}, nil
}

// SetMemoryLimit changes the node's memory limit.
func (s *Service) SetMemoryLimit(_ context.Context, req *shardv1.SetMemoryLimitRequest) (*shardv1.SetMemoryLimitResponse, error) {
	limit := int64(min(req.GetBytes(), math.MaxInt64))
	if err := s.region.SetMemoryLimit(limit); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return &shardv1.SetMemoryLimitResponse{}, nil
}
