package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/consul/api"
)

// consulCalls makes single calls: each with a time-out and the token of now, and
// with ErrUnavailable around whatever goes wrong on the way.
type consulCalls struct {
	client    *api.Client
	http      *http.Client // the one within client
	address   string       // of the agent, for people
	tokenFile string
	timeout   time.Duration
	wait      time.Duration
}

// close lets go of idle connections.
func (c *consulCalls) close() { c.http.CloseIdleConnections() }

// token is read anew for each call: it may have been replaced. "" leaves the one
// that the client has.
func (c *consulCalls) token() string {
	if c.tokenFile == "" {
		return ""
	}
	token, err := readToken(c.tokenFile)
	if err != nil {
		return "" // being replaced right now: the call fails and is made again
	}
	return token
}

// query is the options of a read that is to see every write before it.
func (c *consulCalls) query(ctx context.Context) *api.QueryOptions {
	return (&api.QueryOptions{RequireConsistent: true, Token: c.token()}).WithContext(ctx)
}

func (c *consulCalls) write(ctx context.Context) *api.WriteOptions {
	return (&api.WriteOptions{Token: c.token()}).WithContext(ctx)
}

// unavailable wraps what went wrong on the way to Consul or within it.
func unavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("consul: %s: %w: %w", what, ErrUnavailable, err)
}

// get is the pair at a key; nil if there is none.
func (c *consulCalls) get(ctx context.Context, key string) (*api.KVPair, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	pair, _, err := c.client.KV().Get(key, c.query(ctx))
	return pair, unavailable("read "+key, err)
}

// list is the pairs at all keys with a prefix.
func (c *consulCalls) list(ctx context.Context, prefix string) (api.KVPairs, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	pairs, meta, err := c.client.KV().List(prefix, c.query(ctx))
	if err == nil && meta.ResultsFilteredByACLs {
		err = errFiltered
	}
	return pairs, unavailable("list "+prefix, err)
}

// cas writes a pair if its ModifyIndex is still the key's; 0: if there is none.
func (c *consulCalls) cas(ctx context.Context, pair *api.KVPair) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ok, _, err := c.client.KV().CAS(pair, c.write(ctx))
	return ok, unavailable("write "+pair.Key, err)
}

// txn is one transaction. The errors that Consul rolled it back for are errors
// of single operations, and not an error.
func (c *consulCalls) txn(ctx context.Context, ops ...*api.KVTxnOp) ([]*api.KVPair, api.TxnErrors, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ok, answer, _, err := c.client.KV().Txn(ops, c.query(ctx))
	switch {
	case err != nil:
		return nil, nil, unavailable("transaction", err)
	case !ok && len(answer.Errors) == 0:
		return nil, nil, unavailable("transaction", errors.New("rolled back without a reason"))
	case !ok:
		return nil, answer.Errors, nil
	}
	return answer.Results, nil, nil
}

// backoff is the wait after a number of failures: it doubles up to 2 s, and is
// drawn from its upper half, so that the processes of a cluster do not come back
// to Consul in step.
func backoff(failures int) time.Duration {
	wait := min(100*time.Millisecond<<min(failures, 10), 2*time.Second)
	return wait/2 + rand.N(wait/2)
}

// pause waits, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
