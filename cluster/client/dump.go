package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// Dump lists the entries of all nodes without their values. visit gets some at a time,
// from one goroutine at a time, and owns them; while it waits, the nodes wait too. Its
// first error ends the dump and is returned. nil means that the list is complete:
// with a node that dies meanwhile, or is silent for the client's time-out, it is not.
// ErrBusy: a node has too many dumps under way.
func (c *Client) Dump(ctx context.Context, visit func([]*shardv1.Metadata) error) error {
	r := c.route.Load()
	if r == nil {
		return fmt.Errorf("%w: no shard map yet", ErrUnavailable)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg   sync.WaitGroup
		turn sync.Mutex // to call visit
	)
	for _, l := range r.links {
		wg.Go(func() {
			err := l.dump(ctx, func(entries []*shardv1.Metadata) error {
				turn.Lock()
				defer turn.Unlock()
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				err := visit(entries)
				if err != nil {
					cancel(err) // before another has its turn
				}
				return err
			})
			if err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// dump lists the entries of one node.
func (l *Link) dump(ctx context.Context, visit func([]*shardv1.Metadata) error) error {
	a, err := l.openAside(ctx)
	if err != nil {
		return err
	}
	defer a.close()
	stream, err := a.Dump(a.ctx, &shardv1.DumpRequest{})
	if err != nil {
		return a.failed(err)
	}
	for {
		a.silence.Reset(l.client.opts.timeout)
		resp, err := stream.Recv()
		a.silence.Stop()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return a.failed(err)
		}
		if err := visit(resp.GetEntries()); err != nil {
			return err
		}
	}
}
