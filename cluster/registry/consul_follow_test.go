package registry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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

// Behind a cut that drops what is sent no question for news fails; the renewal of the session does. From then on
// until it is answered, Consul was away.
func TestRenewalThatFailsTellsOfConsulAway(t *testing.T) {
	for away, want := range map[time.Duration]bool{0: false, restarting + 100*time.Millisecond: true} {
		began := time.Now()
		agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if time.Since(began) < away {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			_, _ = w.Write([]byte(`[{"ID":"s"}]`))
		}))
		t.Cleanup(agent.Close)
		client, err := api.NewClient(&api.Config{Address: agent.URL})
		if err != nil {
			t.Fatal(err)
		}
		c := &Consul{options: ConsulOptions{}.complete(), calls: &consulCalls{client: client, timeout: time.Second}, log: zerolog.Nop()}
		m := &consulMember{c: c, sessions: newTopic[*consulSession]()}
		m.sessions.publish(&consulSession{id: "s"})
		for err = m.tend(t.Context(), false); err != nil && time.Since(began) < 10*time.Second; err = m.tend(t.Context(), false) {
			time.Sleep(10 * time.Millisecond)
		}
		l := &consulLeadership{c: c, member: m}
		if err != nil || l.Disturbed().IsZero() == want {
			t.Errorf("away for %v: %v, disturbed at %v", away, err, l.Disturbed())
		}
	}
}
