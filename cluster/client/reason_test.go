package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func TestReason(t *testing.T) {
	for want, err := range map[string]error{
		"no shard map yet": status.Error(codes.Unavailable, "no shard map yet"),
		"context canceled": status.FromContextError(context.Canceled).Err(),
		"another error":    errors.New("another error"),
		"dial tcp 127.0.0.1:1: connect: connection refused": status.Error(codes.Unavailable,
			`connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`),
	} {
		if got := Reason(err); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// What clients are told has none of gRPC's words, whatever fails; the code is still there.
func TestErrorsArePlain(t *testing.T) {
	c, cl := dumping(t, WithTimeout(300*time.Millisecond), WithConnectTimeout(300*time.Millisecond))
	visit := func([]*shardv1.Metadata) error { return nil }
	c.nodes[1].full = true
	full := cl.Dump(t.Context(), visit)
	if !strings.HasSuffix(full.Error(), "busy: node b: too many") || status.Code(full) != codes.ResourceExhausted {
		t.Errorf("%v, %v", full, status.Code(full))
	}
	c.nodes[1].full = false
	mute := make(chan struct{})
	defer close(mute)
	c.nodes[1].mu.Lock()
	c.nodes[1].mute = mute
	c.nodes[1].mu.Unlock()
	if err := cl.Dump(t.Context(), visit); err == nil || !strings.HasSuffix(err.Error(), "unavailable: node b: no answer in time") {
		t.Errorf("a silent node: %v", err)
	}
	c.nodes[0].server.Stop()
	await(t, "the link is down", func() bool { return cl.Nodes()[0].Link == LinkDown })
	k := newCollector()
	for i := range uint64(4 * testShards) {
		k.submit(cl, shardv1.Op_OP_SET, strings.Repeat("k", int(i)+1), "x", i)
	}
	k.wait(t)
	refused := false
	for _, message := range k.messages {
		refused = refused || strings.HasPrefix(message, "node a is not reachable: ")
		if strings.Contains(message, "rpc error") || strings.Contains(message, "desc =") {
			t.Error(message)
		}
	}
	if !refused {
		t.Errorf("%v", k.messages)
	}
}
