// Package gateway is the stateless memcached front of a memactor cluster. Run is
// what its main and `memactor dev` start.
package gateway

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/gateway/internal/server"
	"github.com/memactor/memactor/gateway/internal/session"
)

// Version is the memcached whose protocol the gateway speaks, and what it answers
// to `version`: clients decide by it what they may send.
const Version = "1.6.45"

// Run serves memcached clients by the shard maps of maps until ctx ends; then it
// stops accepting, answers what is in flight and returns nil. It does not return
// before its listeners are closed.
func Run(ctx context.Context, p daemon.Process, cfg Config, maps client.Maps) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	secrets, err := cfg.openSecrets()
	if err != nil {
		return err
	}
	listeners, err := cfg.listen()
	if err != nil {
		return err
	}
	removePid, err := writePid(cfg.PidFile)
	if err != nil {
		closeAll(listeners)
		return err
	}
	defer removePid()
	secrets.follow(ctx, p)
	cluster := client.New(maps, client.WithLogger(p.Log), client.WithTimeout(cfg.Timeout),
		client.WithTransportCredentials(secrets.mesh.Credentials()), client.WithDialOptions(daemon.DialOptions(p)...))
	defer func() { _ = cluster.Close() }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var known roster
	go known.follow(ctx, maps)
	options := secrets.guard(cfg.options(p, cluster))
	options.Control = cfg.control(cluster, secrets, &known, stop)
	srv := server.New(options)
	p.Metrics.MustRegister(srv)
	p.Ready.Add("cluster", cluster.Ready)
	withdraw, err := announce(p, cfg, maps, listeners)
	if err != nil {
		closeAll(listeners)
		return err
	}
	return serve(ctx, p, cfg, srv, listeners, withdraw)
}

// serve serves until ctx ends. Then it withdraws first, so that new clients go
// elsewhere.
func serve(
	ctx context.Context, p daemon.Process, cfg Config, srv *server.Server, listeners []socket, withdraw func(),
) error {
	var group errgroup.Group
	for _, l := range listeners {
		p.Log.Info().Stringer("address", l.Addr()).Bool("tls", l.tls).Msg("serving memcached clients")
		group.Go(func() error {
			if l.tls {
				return srv.ServeTLS(l.Listener)
			}
			return srv.Serve(l.Listener) // itself: it tells its file descriptor
		})
	}
	<-ctx.Done()
	withdraw()
	closeAll(listeners)
	if err := group.Wait(); err != nil {
		return err
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Timeout+time.Second)
	defer cancel()
	return srv.Shutdown(drain)
}

func (c Config) options(p daemon.Process, cluster server.Cluster) server.Options {
	limits := session.DefaultLimits()
	limits.MaxItem, limits.Commands = int(c.MaxItem), c.MaxReqsPerEvent
	timeouts := server.DefaultTimeouts()
	timeouts.Cluster, timeouts.Write, timeouts.Idle = c.Timeout, c.WriteTimeout, time.Duration(c.IdleTimeout)*time.Second
	return server.Options{
		Log: p.Log, Cluster: cluster, Limits: limits, Version: Version, Protocol: protocols[c.Protocol],
		MaxConns: c.MaxConns, ValueBytes: c.valueBytes(), Timeouts: timeouts, Forbidden: c.forbidden(),
		PrefixDelimiter: c.PrefixDelimiter[0], Settings: c.settings(),
	}
}

// protocols are the allowed values of Config.Protocol.
var protocols = map[string]session.Protocol{"auto": session.Auto, "ascii": session.ASCII, "binary": session.Binary}

// valueBytes is ValueMemory, or a quarter of the memory.
func (c Config) valueBytes() int64 {
	if c.ValueMemory > 0 {
		return int64(c.ValueMemory)
	}
	return max(daemon.Memory()/4, 16*int64(c.MaxItem))
}

// settings are the lines of `stats settings` that are the gateway's to tell.
func (c Config) settings() []server.Stat {
	own := []server.Stat{
		{Name: "maxconns", Value: strconv.Itoa(c.MaxConns)},
		{Name: "num_threads", Value: strconv.Itoa(runtime.GOMAXPROCS(0))},
		{Name: "tcpport", Value: strconv.Itoa(max(c.Port, 0))},
		{Name: "udpport", Value: "0"},
		{Name: "inter", Value: fmt.Sprint(c.Listen)},
		{Name: "domain_socket", Value: orNull(c.Socket)},
		{Name: "umask", Value: c.SocketMode},
		{Name: "item_size_max", Value: strconv.FormatUint(uint64(c.MaxItem), 10)},
		{Name: "cas_enabled", Value: "yes"},
		{Name: "binding_protocol", Value: strings.Replace(c.Protocol, "auto", "auto-negotiate", 1)},
		{Name: "client_flags_size", Value: "4"},
		{Name: "maxconns_fast", Value: "yes"},
		{Name: "memactor_version", Value: daemon.Version()},
		{Name: "reqs_per_event", Value: strconv.Itoa(c.MaxReqsPerEvent)},
		{Name: "tcp_backlog", Value: strconv.Itoa(c.Backlog)},
		{Name: "idle_timeout", Value: strconv.Itoa(c.IdleTimeout)},
		{Name: "stat_key_prefix", Value: c.PrefixDelimiter},
	}
	return slices.Concat(own, c.accessSettings(), c.sslSettings())
}

func orNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return s
}
