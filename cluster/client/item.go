package client

import (
	"bytes"
	"context"
	"fmt"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// Item is a key's entry.
type Item struct {
	// Key is 1 to 250 bytes.
	Key string
	// Value belongs to whoever made the Item: those that the client returns are
	// the caller's own copy.
	Value []byte
	// Flags are stored with the value and mean something to clients only.
	Flags uint32
	// Exptime is memcached's: 0 never, negative at once, up to 2592000 seconds from
	// now, above that Unix time in seconds. It is not returned by Get.
	Exptime int64
	// Cas is the cas unique that Get found and CompareAndSwap compares.
	Cas uint64
}

// Get reads an entry; ErrNotFound if there is none.
func (c *Client) Get(ctx context.Context, key string) (*Item, error) {
	return c.read(ctx, &wire.Envelope{Op: shardv1.Op_OP_GET, Key: []byte(key)})
}

// GetAndTouch reads an entry and sets its exptime in one turn.
func (c *Client) GetAndTouch(ctx context.Context, key string, exptime int64) (*Item, error) {
	return c.read(ctx, &wire.Envelope{Op: shardv1.Op_OP_GAT, Key: []byte(key), Exptime: exptime})
}

// Set stores the item.
func (c *Client) Set(ctx context.Context, i *Item) error { return c.store(ctx, shardv1.Op_OP_SET, i) }

// Add stores the item if there is none for its key, else ErrNotStored.
func (c *Client) Add(ctx context.Context, i *Item) error { return c.store(ctx, shardv1.Op_OP_ADD, i) }

// Replace stores the item if there is one for its key, else ErrNotStored.
func (c *Client) Replace(ctx context.Context, i *Item) error {
	return c.store(ctx, shardv1.Op_OP_REPLACE, i)
}

// Append puts the item's value behind the present one; ErrNotStored if there is none.
func (c *Client) Append(ctx context.Context, i *Item) error {
	return c.store(ctx, shardv1.Op_OP_APPEND, i)
}

// Prepend puts the item's value before the present one; ErrNotStored if there is none.
func (c *Client) Prepend(ctx context.Context, i *Item) error {
	return c.store(ctx, shardv1.Op_OP_PREPEND, i)
}

// CompareAndSwap stores the item if the entry still has its Cas: else ErrExists,
// or ErrNotFound if there is none.
func (c *Client) CompareAndSwap(ctx context.Context, i *Item) error {
	return c.store(ctx, shardv1.Op_OP_CAS, i)
}

// Delete removes an entry; ErrNotFound if there is none.
func (c *Client) Delete(ctx context.Context, key string) error {
	_, err := c.Do(ctx, &wire.Envelope{Op: shardv1.Op_OP_DELETE, Key: []byte(key)})
	return err
}

// Touch sets the exptime of an entry; ErrNotFound if there is none.
func (c *Client) Touch(ctx context.Context, key string, exptime int64) error {
	_, err := c.Do(ctx, &wire.Envelope{Op: shardv1.Op_OP_TOUCH, Key: []byte(key), Exptime: exptime})
	return err
}

// Increment adds delta to a decimal value, modulo 2^64, and returns the result.
func (c *Client) Increment(ctx context.Context, key string, delta uint64) (uint64, error) {
	r, err := c.Do(ctx, &wire.Envelope{Op: shardv1.Op_OP_INCR, Key: []byte(key), Delta: delta})
	return r.Number, err
}

// Decrement subtracts delta from a decimal value, not below 0, and returns the result.
func (c *Client) Decrement(ctx context.Context, key string, delta uint64) (uint64, error) {
	r, err := c.Do(ctx, &wire.Envelope{Op: shardv1.Op_OP_DECR, Key: []byte(key), Delta: delta})
	return r.Number, err
}

func (c *Client) read(ctx context.Context, e *wire.Envelope) (*Item, error) {
	r, err := c.Do(ctx, e)
	if err != nil {
		return nil, err
	}
	return &Item{Key: string(e.Key), Value: r.Value, Flags: r.Flags, Cas: r.Cas}, nil
}

func (c *Client) store(ctx context.Context, op shardv1.Op, i *Item) error {
	_, err := c.Do(ctx, &wire.Envelope{
		Op: op, Key: []byte(i.Key), Value: i.Value, Flags: i.Flags, Exptime: i.Exptime, Cas: i.Cas,
	})
	return err
}

// Do submits e and waits for its reply, whose Value is the caller's own. What the
// methods above do not offer is asked for with e.Options (shardv1.Option): a compare, a
// stale entry, the exptime; Reply.Has tells the marks (shardv1.Mark), as whether this
// caller has won and is to make the value anew. The error
// is that of the reply's status, or ctx's: then e's outcome is unknown, and e and
// its slices may not be used again. The client's own time-out holds as well.
func (c *Client) Do(ctx context.Context, e *wire.Envelope) (wire.Reply, error) {
	if n := len(e.Key); n == 0 || n > wire.MaxKey {
		return wire.Reply{}, fmt.Errorf("%w: key of %d bytes, allowed are 1 to %d", ErrInvalid, n, wire.MaxKey)
	}
	w := make(waiter, 1)
	c.Submit(e, w, 0)
	select {
	case r := <-w:
		return r, replyError(&r)
	case <-ctx.Done():
		return wire.Reply{}, ctx.Err()
	}
}

// waiter is the Sink of one call.
type waiter chan wire.Reply

func (w waiter) Reply(_ uint64, r *wire.Reply) {
	own := *r
	own.Value = bytes.Clone(r.Value)
	w <- own
}
