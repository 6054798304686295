package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/rs/zerolog"
)

// A Consul that was away for as long as a restart takes has disturbed the members,
// and goes on to for a while; one that was away for a moment has not.
func TestConsulThatWasAwayHasDisturbed(t *testing.T) {
	for away, want := range map[time.Duration]bool{0: false, restarting / 10: false, 10 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			c := &Consul{options: ConsulOptions{}.complete(), calls: &consulCalls{}, log: zerolog.Nop()}
			ask := func(*api.QueryOptions) (*api.QueryMeta, error) {
				if time.Since(began) < away {
					return nil, errors.New("away")
				}
				return &api.QueryMeta{LastIndex: 1}, nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c.follow(ctx, "something", ask, func() bool { return false })
			l := &consulLeadership{c: c, member: &consulMember{}}
			if got := l.Disturbed(); got.IsZero() == want || want && time.Until(got) != flapping {
				t.Errorf("away for %v: disturbed at %v, now %v", away, got, time.Now())
			}
		})
	}
}
