package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// asideWindow is how far a node may be ahead of the reader of one Dump or Watch, in
// bytes: the least that gRPC knows. With the windows of a link, each that nobody reads
// would hold 4 MB for each node.
const asideWindow = 64 << 10

// Why a call to a node has ended that the node has not ended.
var (
	errSilent = errors.New("no answer in time")
	errClosed = errors.New("connection closed")
)

// aside is a connection beside a link's, for one stream whose reader may be slow. It
// ends with the link, with the context it was opened for, or when the node is silent
// while it is waited for: for the client's time-out from the beginning, or from
// silence.Reset, to silence.Stop.
type aside struct {
	shardv1.ShardServiceClient
	link    *Link
	conn    *grpc.ClientConn
	ctx     context.Context // of the stream
	cancel  context.CancelCauseFunc
	unlink  func() bool
	silence *time.Timer
}

// openAside opens a connection to a node whose link is up. Close it.
func (l *Link) openAside(ctx context.Context) (*aside, error) {
	if _, err := l.service(); err != nil {
		return nil, err
	}
	conn, err := l.client.dial(l.node, grpc.WithInitialWindowSize(asideWindow), grpc.WithInitialConnWindowSize(asideWindow))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	a := &aside{ShardServiceClient: shardv1.NewShardServiceClient(conn), link: l, conn: conn}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	a.unlink = context.AfterFunc(l.ctx, func() { a.cancel(errClosed) })
	a.silence = time.AfterFunc(l.client.opts.timeout, func() { a.cancel(errSilent) })
	return a, nil
}

func (a *aside) close() {
	a.silence.Stop()
	a.unlink()
	a.cancel(nil)
	_ = a.conn.Close()
}

// failed says why the stream has ended.
func (a *aside) failed(err error) error {
	if cause := context.Cause(a.ctx); cause != nil {
		err = cause
	}
	return a.link.callError(err)
}
