package gateway

import (
	"fmt"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/gateway/internal/auth"
	"github.com/memactor/memactor/gateway/internal/server"
)

// Access is what clients may do, in memcached's words.
type Access struct {
	// AuthFile has a line user:password for each user, and is read again at SIGHUP.
	// Passwords go over the network as they are: think of enable-ssl.
	AuthFile string `name:"auth-file" short:"Y" usage:"serve only the users of this file, lines USER:PASSWORD"`

	// EnableShutdown lets every client end the gateway.
	EnableShutdown bool `name:"enable-shutdown" short:"A" usage:"let clients stop the gateway (shutdown)"`

	DisableFlushAll bool `name:"disable-flush-all" short:"F" usage:"refuse flush_all"`
	DisableDumping  bool `name:"disable-dumping" short:"X" usage:"refuse stats cachedump and lru_crawler metadump"`
	// Debug is for tests, which cannot wait for a clock. The nodes have to allow it too.
	Debug bool `name:"debug" usage:"allow memcached's debugtime and debugitem: clients move the cluster's clock"`

	DisableWatch bool `name:"disable-watch" short:"W" usage:"refuse watch"`
}

// openAuth reads the auth file; nil if there is none.
func (a Access) openAuth() (*auth.File, error) {
	if a.AuthFile == "" {
		return nil, nil
	}
	users, err := auth.Open(a.AuthFile)
	if err != nil {
		return nil, fmt.Errorf("%w: auth-file: %w", daemon.ErrConfig, err)
	}
	return users, nil
}

// forbidden is what the server refuses.
func (a Access) forbidden() server.Forbidden {
	return server.Forbidden{Shutdown: !a.EnableShutdown, FlushAll: a.DisableFlushAll, Dump: a.DisableDumping, Watch: a.DisableWatch}
}

// settings are memcached's lines of `stats settings`.
func (a Access) accessSettings() []server.Stat {
	return []server.Stat{
		{Name: "shutdown_command", Value: yesNo(a.EnableShutdown)},
		{Name: "flush_enabled", Value: yesNo(!a.DisableFlushAll)},
		{Name: "auth_enabled_ascii", Value: orNo(a.AuthFile)},
		{Name: "dump_enabled", Value: yesNo(!a.DisableDumping)},
	}
}

func orNo(s string) string {
	if s == "" {
		return "no"
	}
	return s
}
