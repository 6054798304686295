package consul

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/memactor/memactor/cluster/registry/registrytest"
)

// noKeepAlive leaves no idle connections behind a test.
func noKeepAlive() *http.Transport { return &http.Transport{DisableKeepAlives: true} }

// way is one process's way to the agent: it counts calls, and can be cut.
type way struct {
	address string
	calls   atomic.Int64
	cut     atomic.Bool
}

func newWay(t *testing.T, agent *registrytest.Agent) *way {
	t.Helper()
	target := must(url.Parse("http://" + agent.Address))(t)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = noKeepAlive()
	proxy.ErrorHandler = func(out http.ResponseWriter, _ *http.Request, _ error) { out.WriteHeader(http.StatusBadGateway) }
	w := &way{}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.calls.Add(1)
		if w.cut.Load() {
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	w.address = server.URL
	return w
}
