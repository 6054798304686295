package gateway

import (
	"context"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/gateway/internal/server"
)

// control is what clients may do to this gateway. stop ends it in order.
func (c Config) control(cluster *client.Client, s secrets, r *roster, stop context.CancelFunc) server.Control {
	control := server.Control{Shutdown: stop, Gateways: r.gateways}
	if s.ssl != nil {
		control.RefreshCerts = s.ssl.Reload
	}
	if c.Debug {
		control.MoveClock = cluster.MoveClock
	}
	return control
}
