package gateway

import "github.com/memactor/memactor/gateway/internal/server"

// Access is what clients may do, in memcached's words.
type Access struct {
	// EnableShutdown lets every client end the gateway.
	EnableShutdown bool `name:"enable-shutdown" short:"A" usage:"let clients stop the gateway (shutdown)"`

	DisableFlushAll bool `name:"disable-flush-all" short:"F" usage:"refuse flush_all"`
	DisableDumping  bool `name:"disable-dumping" short:"X" usage:"refuse stats cachedump and lru_crawler metadump"`
	DisableWatch    bool `name:"disable-watch" short:"W" usage:"refuse watch"`
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
		{Name: "dump_enabled", Value: yesNo(!a.DisableDumping)},
	}
}
