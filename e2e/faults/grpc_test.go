package faults

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/memactor/memactor/e2e/harness"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Here a shard node is called by what any program can generate from the contract.

func callContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAsk(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	client, _ := c.Nodes[0].Client(t)
	ask := func(e *shardv1.Envelope) *shardv1.Reply {
		t.Helper()
		answer, err := client.Ask(callContext(t), &shardv1.AskRequest{Envelope: e})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetReply()
	}
	key, value := []byte("a"), []byte("from a stranger")
	stored := ask(&shardv1.Envelope{Op: shardv1.Op_OP_SET, Key: key, Value: value, Flags: 9})
	if stored.GetStatus() != shardv1.Status_STATUS_OK || stored.GetCas() == 0 {
		t.Errorf("set: %v", stored)
	}
	got := ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: key})
	if string(got.GetValue()) != string(value) || got.GetFlags() != 9 || got.GetCas() != stored.GetCas() {
		t.Errorf("get: %v", got)
	}
	conn := harness.Dial(t, c.Address())
	conn.Expect(t, "gets a\r\n", fmt.Sprintf("VALUE a 9 15 %d\r\nfrom a stranger\r\nEND\r\n", stored.GetCas()))
	conn.Expect(t, "set n 0 0 2\r\n41\r\n", "STORED\r\n")
	if counted := ask(&shardv1.Envelope{Op: shardv1.Op_OP_INCR, Key: []byte("n"), Delta: 1}); counted.GetNumber() != 42 {
		t.Errorf("incr: %v", counted)
	}
	for name, wrong := range map[string]*shardv1.Envelope{
		"no op": {Key: key}, "no key": {Op: shardv1.Op_OP_GET}, "no such op": {Op: 99, Key: key},
		"a key too long": {Op: shardv1.Op_OP_GET, Key: make([]byte, 251)},
	} {
		if reply := ask(wrong); reply.GetStatus() != shardv1.Status_STATUS_INVALID || reply.GetMessage() == "" {
			t.Errorf("%s: %v", name, reply)
		}
	}
}

// TestDeliver sends batches on a stream and wants each envelope answered once, and
// those of one key in order.
func TestDeliver(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	client, _ := c.Nodes[0].Client(t)
	owners := c.Owners(t)
	stream, err := client.Deliver(callContext(t))
	if err != nil {
		t.Fatal(err)
	}
	const batches, size = 50, 40
	go func() {
		for b := range uint64(batches) {
			request := &shardv1.DeliverRequest{}
			for i := range uint64(size) {
				e := &shardv1.Envelope{Id: b*size + i, Op: shardv1.Op_OP_INCR, Key: []byte("n"), Delta: 1, Shard: owners.Shard("n")}
				if e.GetId() == 0 {
					e.Op, e.Value, e.Delta = shardv1.Op_OP_SET, []byte("0"), 0
				}
				request.Envelopes = append(request.Envelopes, e)
			}
			if stream.Send(request) != nil {
				return
			}
		}
		_ = stream.CloseSend()
	}()
	answered := map[uint64]bool{}
	for len(answered) < batches*size {
		response, err := stream.Recv()
		if err != nil {
			t.Fatalf("after %d replies: %v", len(answered), err)
		}
		for _, reply := range response.GetReplies() {
			if answered[reply.GetId()] {
				t.Errorf("%d was answered twice", reply.GetId())
			}
			answered[reply.GetId()] = true
			if reply.GetStatus() != shardv1.Status_STATUS_OK || reply.GetId() > 0 && reply.GetNumber() != reply.GetId() {
				t.Fatalf("%v", reply)
			}
		}
	}
}

// TestMoved asks the wrong node: it says who is the right one, and does nothing.
func TestMoved(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2})
	owners := c.Owners(t)
	key := owners.Keys(t, "n2", 1)[0]
	wrong, _ := c.Nodes[0].Client(t)
	answer, err := wrong.Ask(callContext(t), &shardv1.AskRequest{Envelope: &shardv1.Envelope{
		Op: shardv1.Op_OP_SET, Key: []byte(key), Value: []byte("x"), Shard: owners.Shard(key),
	}})
	if err != nil {
		t.Fatal(err)
	}
	reply := answer.GetReply()
	if reply.GetStatus() != shardv1.Status_STATUS_MOVED || reply.GetMoved().GetNodeId() != "n2" ||
		reply.GetMoved().GetAddress() != c.Nodes[1].GRPC {
		t.Errorf("%v", reply)
	}
	harness.Dial(t, c.Address()).Expect(t, "get "+key+"\r\n", "END\r\n")
}

func TestHealthAndReflection(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	_, conn := c.Nodes[0].Client(t)
	for _, service := range []string{"", "memactor.shard.v1.ShardService"} {
		answer, err := grpc_health_v1.NewHealthClient(conn).Check(callContext(t), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil || answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", service, answer, err)
		}
	}
	if services := listServices(t, conn); !slices.Contains(services, "memactor.shard.v1.ShardService") ||
		!slices.Contains(services, "grpc.health.v1.Health") {
		t.Errorf("reflection lists %v", services)
	}
}

// listServices asks by reflection, as a gRPC tool does.
func listServices(t *testing.T, conn *grpc.ClientConn) []string {
	t.Helper()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(callContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, service := range answer.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	return names
}

// TestNodesKnowOneMap asks every node for its map: all of them act on the same.
func TestNodesKnowOneMap(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3})
	var first []string
	for _, node := range c.Nodes {
		client, _ := node.Client(t)
		answer, err := client.GetShardMap(callContext(t), &shardv1.GetShardMapRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var owners []string
		count := map[string]int{}
		for _, entry := range answer.GetMap().GetShards() {
			owners = append(owners, entry.GetPrimary())
			count[entry.GetPrimary()]++
		}
		if first == nil {
			first = owners
		}
		if len(owners) != 1024 || !slices.Equal(owners, first) {
			t.Errorf("%s knows another map of %d shards", node.ID, len(owners))
		}
		for id, shards := range count {
			if shards < 341 || shards > 342 {
				t.Errorf("%s owns %d shards", id, shards)
			}
		}
	}
}
