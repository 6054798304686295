package server

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/gateway/internal/protocol"
)

// counters are the gateway's own; what actors do is counted by the nodes.
type counters struct {
	total, rejected, timedOut, listenDisabled atomic.Uint64
	bytesRead, bytesWritten                   atomic.Uint64
	handshakeErrors, protoErrors, newSessions atomic.Uint64
	idleKicks, yields, cutForMemory           atomic.Uint64
	debugged                                  atomic.Uint64 // me
}

// Stat is one line of stats.
type Stat struct{ Name, Value string }

// stats answers a group of statistics, or does what the group says.
func stats(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	ctx, cancel := s.patience(ctx)
	defer cancel()
	group, args := protocol.NextKey(cmd.Args)
	_, _ = out.Write(s.stats(ctx, string(group), args))
}

func (s *Server) stats(ctx context.Context, group string, args []byte) []byte {
	switch group {
	case "", "settings", "items", "slabs", "sizes":
		return appendStats(merge(s.own(group), s.nodes(ctx, group)))
	case "reset":
		return s.resetStats(ctx)
	case "detail":
		return s.detail(ctx, args)
	case "sizes_enable", "sizes_disable":
		return s.trackSizes(ctx, group)
	case "cachedump":
		return s.cachedump(ctx, args)
	case "conns":
		return appendStats(s.connStats())
	case "nodes":
		return appendStats(s.nodeStats(ctx))
	case "shards":
		return appendStats(shardStats(s.nodes(ctx, group)))
	}
	return protocol.AppendError(nil, protocol.ErrUnknown)
}

// nodes are a group's statistics of those nodes that answer: those that do not are missing, and the answer ends in END
// all the same. Exporters wait for that.
func (s *Server) nodes(ctx context.Context, group string) []client.NodeStats {
	nodes, err := s.opts.Cluster.Stats(ctx, group)
	if err != nil {
		s.opts.Log.Warn().Err(err).Str("group", group).Msg("stats are not complete")
	}
	if group == "" {
		nodes = append(nodes, s.lostLines())
	}
	return nodes
}

func appendStats(all []Stat) []byte {
	var out []byte
	for _, st := range all {
		out = protocol.AppendStat(out, st.Name, st.Value)
	}
	return protocol.AppendEnd(out)
}

func (s *Server) resetStats(ctx context.Context) []byte {
	if _, err := s.opts.Cluster.Stats(ctx, "reset"); err != nil {
		return protocol.AppendServerError(nil, "stats reset: "+oneLine(err))
	}
	c := &s.counts
	for _, n := range []*atomic.Uint64{&c.total, &c.rejected, &c.timedOut, &c.listenDisabled, &c.bytesRead, &c.bytesWritten,
		&c.handshakeErrors, &c.protoErrors, &c.newSessions, &c.idleKicks, &c.yields, &c.cutForMemory, &c.debugged} {
		n.Store(0)
	}
	if s.opts.Auth != nil {
		s.opts.Auth.ResetCounts()
	}
	s.watchers.reset()
	return protocol.AppendReset(nil)
}

// own are the gateway's lines of a group, which win over those of the nodes.
func (s *Server) own(group string) []Stat {
	switch group {
	case "":
		return s.general()
	case "settings":
		return withInert(s.opts.Settings)
	default:
		return nil
	}
}

func (s *Server) general() []Stat {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	c := &s.counts
	checks, refused := s.authCounts()
	return append([]Stat{
		{"pid", strconv.Itoa(os.Getpid())},
		{"uptime", uintText(uint64(time.Since(s.started) / time.Second))},
		{"time", strconv.FormatInt(time.Now().Unix(), 10)},
		{"version", s.opts.Version},
		{"libevent", "0"},
		{"pointer_size", strconv.Itoa(strconv.IntSize)},
		{"rusage_user", timeText(usage.Utime)},
		{"rusage_system", timeText(usage.Stime)},
		{"max_connections", strconv.Itoa(s.opts.MaxConns)},
		{"curr_connections", strconv.Itoa(s.Conns())},
		{"total_connections", uintText(c.total.Load())},
		{"rejected_connections", uintText(c.rejected.Load())},
		{"connection_structures", strconv.Itoa(s.Conns())},
		{"auth_cmds", uintText(checks)},
		{"auth_errors", uintText(refused)},
		{"cmd_meta", uintText(c.debugged.Load())},
		{"response_obj_oom", "0"}, {"response_obj_count", "0"}, {"response_obj_bytes", "0"},
		{"read_buf_count", "0"}, {"read_buf_bytes", "0"}, {"read_buf_bytes_free", "0"}, {"read_buf_oom", "0"},
		{"reserved_fds", "0"},
		{"bytes_read", uintText(c.bytesRead.Load())},
		{"bytes_written", uintText(c.bytesWritten.Load())},
		{"accepting_conns", "1"},
		{"listen_disabled_num", uintText(c.listenDisabled.Load())},
		{"time_in_listen_disabled_us", "0"},
		{"conn_yields", uintText(c.yields.Load())},
		{"idle_kicks", uintText(c.idleKicks.Load())},
		{"memactor_value_bytes", uintText(uint64(max(s.budget.lent.Load(), 0)))},
		{"memactor_cut_for_memory", uintText(c.cutForMemory.Load())},
		{"memactor_timed_out", uintText(c.timedOut.Load())},
		{"threads", strconv.Itoa(runtime.GOMAXPROCS(0))},
		{"log_watcher_sent", uintText(s.watchers.sent.Load())},
		{"log_watchers", strconv.Itoa(s.watchers.count())},
	}, s.secureStats()...)
}

func (s *Server) authCounts() (checks, refused uint64) {
	if s.opts.Auth == nil {
		return 0, 0
	}
	return s.opts.Auth.Counts()
}

// secureStats are there only where TLS is, as in memcached.
func (s *Server) secureStats() []Stat {
	if s.opts.TLS == nil {
		return nil
	}
	return []Stat{
		{"ssl_handshake_errors", uintText(s.counts.handshakeErrors.Load())},
		{"ssl_proto_errors", uintText(s.counts.protoErrors.Load())},
		{"ssl_new_sessions", uintText(s.counts.newSessions.Load())},
		{"time_since_server_cert_refresh", uintText(uint64(time.Since(s.opts.TLS.Since()) / time.Second))},
	}
}

func uintText(v uint64) string { return strconv.FormatUint(v, 10) }

func timeText(t syscall.Timeval) string { return fmt.Sprintf("%d.%06d", t.Sec, t.Usec) }

// merge puts own statistics first and adds up what the nodes said, in the order of
// the first node. A value that is no number is that of the first node.
func merge(own []Stat, nodes []client.NodeStats) []Stat {
	at := map[string]int{}
	for i, st := range own {
		at[st.Name] = i
	}
	fixed := len(own)
	all := own
	for _, n := range nodes {
		for _, st := range n.Stats {
			i, known := at[st.GetName()]
			switch {
			case !known:
				at[st.GetName()] = len(all)
				all = append(all, Stat{st.GetName(), st.GetValue()})
			case i >= fixed:
				all[i].Value = combine(st.GetName(), all[i].Value, st.GetValue())
			}
		}
	}
	return all
}

// combine is the value of two nodes together.
func combine(name, a, b string) string {
	x, errA := strconv.ParseUint(a, 10, 64)
	y, errB := strconv.ParseUint(b, 10, 64)
	switch {
	case errA != nil || errB != nil:
		return a
	case isExtent(name):
		return uintText(max(x, y))
	default:
		return uintText(x + y)
	}
}

// isExtent tells the statistics that mean the same on each node, or a largest: they
// are not added up.
func isExtent(name string) bool {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	switch name {
	case "age", "age_hot", "age_warm", "chunk_size", "chunks_per_page", "active_slabs", "hash_power_level",
		"hash_is_expanding", "slab_reassign_running", "lru_crawler_running", "item_size_max", "verbosity", "oldest":
		return true
	}
	return false
}
