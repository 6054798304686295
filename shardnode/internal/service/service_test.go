package service

import (
	"testing"

	channelzpb "google.golang.org/grpc/channelz/grpc_channelz_v1"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/memactor/memactor/cluster/shardpb"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func TestAskComputesTheShard(t *testing.T) {
	f := newServing(t)
	for i := range 50 {
		set := &shardv1.Envelope{Id: 7, Op: shardv1.Op_OP_SET, Key: []byte(key(i)), Value: []byte("v"), Flags: 3, Shard: 5}
		if r := f.ask(set); r.GetStatus() != shardv1.Status_STATUS_OK || r.GetId() != 7 || r.GetCas() == 0 {
			t.Fatalf("%v", r)
		}
		if r := f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte(key(i))}); string(r.GetValue()) != "v" || r.GetFlags() != 3 {
			t.Fatalf("%v", r)
		}
	}
}

func (f *fixture) ask(e *shardv1.Envelope) *shardv1.Reply {
	f.Helper()
	r, err := f.client.Ask(within(f), &shardv1.AskRequest{Envelope: e})
	if err != nil {
		f.Fatal(err)
	}
	return r.GetReply()
}

func TestAskOutcomes(t *testing.T) {
	f := newFixture(t)
	_, err := f.client.Ask(within(t), &shardv1.AskRequest{Envelope: &shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k")}})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("without a map: %v", err)
	}
	f.setMap(1, all)
	if _, err := f.client.Ask(within(t), &shardv1.AskRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("without an envelope: %v", err)
	}
	for name, c := range map[string]struct {
		e    *shardv1.Envelope
		want shardv1.Status
	}{
		"miss":        {&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k")}, shardv1.Status_STATUS_NOT_FOUND},
		"no op":       {&shardv1.Envelope{Key: []byte("k")}, shardv1.Status_STATUS_INVALID},
		"no key":      {&shardv1.Envelope{Op: shardv1.Op_OP_GET}, shardv1.Status_STATUS_INVALID},
		"long key":    {&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: make([]byte, 251)}, shardv1.Status_STATUS_INVALID},
		"other epoch": {&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k"), Epoch: 9}, shardv1.Status_STATUS_MOVED},
		"right epoch": {&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k"), Epoch: 1}, shardv1.Status_STATUS_NOT_FOUND},
		"flush":       {&shardv1.Envelope{Op: shardv1.Op_OP_FLUSH, Shard: 3}, shardv1.Status_STATUS_OK},
		"bad flush":   {&shardv1.Envelope{Op: shardv1.Op_OP_FLUSH, Shard: 16}, shardv1.Status_STATUS_INVALID},
	} {
		wantStatus(t, f.ask(c.e), c.want)
		_ = name
	}
}

// Ask carries options there, and marks and details back.
func TestAskWithOptions(t *testing.T) {
	f := newServing(t)
	const options = shardv1.Option_OPTION_WIN | shardv1.Option_OPTION_VIVIFY | shardv1.Option_OPTION_DETAILS | shardv1.Option_OPTION_NEW_CAS
	r := f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k"), Options: uint32(options), Vivify: 30, NewCas: 7})
	if r.GetMarks() != uint32(shardv1.Mark_MARK_WON) || r.GetTtl() != 30 || r.GetCas() != 7 {
		t.Fatal(r)
	}
	f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_SET, Key: []byte("k")})
	r = f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GAT, Key: []byte("k"), Options: uint32(options | shardv1.Option_OPTION_RECACHE), Recache: 30, Exptime: 20})
	if r.GetMarks() != uint32(shardv1.Mark_MARK_WON) || r.GetTtl() != 20 {
		t.Fatal(r)
	}
	r = f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_INCR, Key: []byte("n"), Options: uint32(options), Initial: 99})
	if r.GetNumber() != 99 || r.GetSize() != 2 || r.GetTtl() != -1 {
		t.Fatal(r)
	}
}

// Ask waits for a running actor, and for no longer than its caller.
func TestAskForABusyActor(t *testing.T) {
	f := newServing(t)
	h := f.hold("k")
	short, cancel := shortly(t)
	defer cancel()
	_, err := f.client.Ask(short, &shardv1.AskRequest{Envelope: &shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k")}})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Fatal(err)
	}
	h.release()
	wantStatus(t, f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("k")}), shardv1.Status_STATUS_NOT_FOUND)
}

func TestGetShardMap(t *testing.T) {
	f := newFixture(t)
	if _, err := f.client.GetShardMap(within(t), &shardv1.GetShardMapRequest{}); status.Code(err) != codes.Unavailable {
		t.Fatalf("without a map: %v", err)
	}
	f.setMap(4, func(id int) bool { return id%2 == 0 })
	r, err := f.client.GetShardMap(within(t), &shardv1.GetShardMapRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := shardpb.Decode(r.GetMap()); err != nil || !m.Equal(f.m) {
		t.Fatalf("%v, %v", m, err)
	}
}

// The process is healthy until it drains; the service, while there is a map.
func TestHealth(t *testing.T) {
	f := newServing(t)
	client := healthpb.NewHealthClient(f.conn)
	check := func(service string, want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		r, err := client.Check(within(t), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || r.GetStatus() != want {
			t.Fatalf("%q: %v, %v; want %s", service, r, err, want)
		}
	}
	const up, down = healthpb.HealthCheckResponse_SERVING, healthpb.HealthCheckResponse_NOT_SERVING
	name := shardv1.ShardService_ServiceDesc.ServiceName
	check("", up)
	check(name, down)
	f.service.SetServing(true)
	check(name, up)
	f.service.Retire()
	f.service.SetServing(true) // has no effect any more
	check(name, down)
	check("", down)
}

// What people look at with gRPC tools.
func TestReflectionAndChannelz(t *testing.T) {
	f := newServing(t)
	stream, err := reflectionpb.NewServerReflectionClient(f.conn).ServerReflectionInfo(within(t))
	if err != nil {
		t.Fatal(err)
	}
	err = stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "memactor.shard.v1.ShardService"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := stream.Recv(); err != nil || r.GetFileDescriptorResponse() == nil {
		t.Fatalf("%v, %v", r, err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	r, err := channelzpb.NewChannelzClient(f.conn).GetServers(within(t), &channelzpb.GetServersRequest{})
	if err != nil || len(r.GetServer()) == 0 {
		t.Fatalf("%v, %v", r, err)
	}
}
