package server

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/memactor/memactor/cluster/client"
	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// The groups of stats that are more than sums.

// detail counts by the prefixes of keys, on the nodes: on, off, or what was counted.
func (s *Server) detail(ctx context.Context, args []byte) []byte {
	what, rest := protocol.NextKey(args)
	more, _ := protocol.NextKey(rest)
	switch {
	case s.opts.Forbidden.Dump:
		return protocol.AppendError(nil, protocol.ErrDetailForbidden)
	case len(more) > 0:
	case string(what) == "on":
		return s.order(ctx, "detail_on"+string(rune(s.opts.PrefixDelimiter)), protocol.AppendOK(nil))
	case string(what) == "off":
		return s.order(ctx, "detail_off", protocol.AppendOK(nil))
	case string(what) == "dump":
		return appendPrefixes(s.nodes(ctx, "detail_dump"))
	}
	return protocol.AppendError(nil, protocol.ErrDetailUsage)
}

// order tells all nodes to do something, and gives the answer for the case that they do.
func (s *Server) order(ctx context.Context, group string, done []byte) []byte {
	if _, err := s.opts.Cluster.Stats(ctx, group); err != nil {
		return protocol.AppendServerError(nil, "stats: "+oneLine(err))
	}
	return done
}

func (s *Server) trackSizes(ctx context.Context, group string) []byte {
	status := strings.TrimPrefix(group, "sizes_") + "d"
	return s.order(ctx, group, appendStats([]Stat{{"sizes_status", status}}))
}

// appendPrefixes adds up what the nodes have counted.
func appendPrefixes(nodes []client.NodeStats) []byte {
	var sums []*shardv1.PrefixStat
	for _, n := range nodes {
		for _, p := range n.Prefixes {
			at, known := slices.BinarySearchFunc(sums, p, func(a, b *shardv1.PrefixStat) int {
				return bytes.Compare(a.GetPrefix(), b.GetPrefix())
			})
			if !known {
				sums = slices.Insert(sums, at, p)
				continue
			}
			sums[at].Gets += p.GetGets()
			sums[at].Hits += p.GetHits()
			sums[at].Sets += p.GetSets()
			sums[at].Deletes += p.GetDeletes()
		}
	}
	var out []byte
	for _, p := range sums {
		out = fmt.Appendf(out, "PREFIX %s get %d hit %d set %d del %d\r\n",
			p.GetPrefix(), p.GetGets(), p.GetHits(), p.GetSets(), p.GetDeletes())
	}
	return protocol.AppendEnd(out)
}

// connStats is what people are told of each connection and each listener, by file descriptor.
func (s *Server) connStats() []Stat {
	s.mu.Lock()
	conns, listeners := make([]*conn, 0, len(s.conns)), slices.Clone(s.listeners)
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	now := s.now.Load()
	var all []fdStats
	for _, l := range listeners {
		all = append(all, fdStats{listenerFD(l), []Stat{
			{"addr", addressText(l.Addr())}, {"state", "conn_listening"}, {"secs_since_last_cmd", strconv.FormatInt(now, 10)},
		}})
	}
	for _, c := range conns {
		all = append(all, fdStats{c.fd(), []Stat{
			{"addr", c.clientText()}, {"listen_addr", addressText(c.net.LocalAddr())},
			{"state", activity(c.activity.Load()).String()}, {"secs_since_last_cmd", strconv.FormatInt(now-c.last.Load(), 10)},
		}})
	}
	return flatten(all)
}

// fdStats is what there is to tell of one file descriptor.
type fdStats struct {
	fd    int
	stats []Stat
}

// flatten is all of them in order, with the descriptor in front of each name. What is closed is left out.
func flatten(all []fdStats) []Stat {
	slices.SortFunc(all, func(a, b fdStats) int { return cmp.Compare(a.fd, b.fd) })
	var flat []Stat
	for _, f := range all {
		for _, st := range f.stats {
			if f.fd >= 0 {
				flat = append(flat, Stat{strconv.Itoa(f.fd) + ":" + st.Name, st.Value})
			}
		}
	}
	return flat
}

// listenerFD is -1 for a listener that is closed or no socket of ours.
func listenerFD(l net.Listener) int {
	fd := -1
	if sc, ok := l.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			_ = raw.Control(func(n uintptr) { fd = int(n) })
		}
	}
	return fd
}

// nodeStats are the nodes with what they hold; one that does not answer has only its place in the cluster.
func (s *Server) nodeStats(ctx context.Context) []Stat {
	told := map[string][]*shardv1.Stat{}
	for _, n := range s.nodes(ctx, "") {
		told[n.Node.ID] = n.Stats
	}
	var all []Stat
	for _, n := range s.opts.Cluster.Nodes() {
		id := n.Node.ID + ":"
		all = append(all, Stat{id + "address", n.Node.Address}, Stat{id + "zone", orNone(n.Node.Zone)},
			Stat{id + "state", n.Node.State.String()}, Stat{id + "link", n.Link.String()})
		for _, st := range told[n.Node.ID] {
			switch st.GetName() {
			case "memactor_shards", "curr_items", "bytes", "limit_maxbytes", "evictions", "get_hits", "get_misses", "cmd_set":
				all = append(all, Stat{id + strings.TrimPrefix(st.GetName(), "memactor_"), st.GetValue()})
			}
		}
	}
	return all
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// shardStats are the shards of all nodes in their order, each with its node.
func shardStats(nodes []client.NodeStats) []Stat {
	type shard struct {
		id    uint64
		stats []Stat
	}
	var shards []shard
	for _, n := range nodes {
		last := ""
		for _, st := range n.Stats {
			id, _, _ := strings.Cut(st.GetName(), ":")
			if id != last {
				number, _ := strconv.ParseUint(id, 10, 64)
				shards = append(shards, shard{number, []Stat{{id + ":node", n.Node.ID}}})
				last = id
			}
			one := &shards[len(shards)-1]
			one.stats = append(one.stats, Stat{st.GetName(), st.GetValue()})
		}
	}
	slices.SortStableFunc(shards, func(a, b shard) int { return cmp.Compare(a.id, b.id) })
	var all []Stat
	for _, sh := range shards {
		all = append(all, sh.stats...)
	}
	return all
}

// lostLines is a node of its own: the lines that the gateway lost are added to those that the nodes did.
func (s *Server) lostLines() client.NodeStats {
	return client.NodeStats{Stats: []*shardv1.Stat{{Name: "log_watcher_skipped", Value: uintText(s.watchers.skipped.Load())}}}
}

// cachedump lists some entries of a class: "<class> <limit>", where 0 is no limit but memcached's 2 MB.
func (s *Server) cachedump(ctx context.Context, args []byte) []byte {
	const classes = 64
	word, rest := protocol.NextKey(args)
	second, _ := protocol.NextKey(rest)
	class, okClass := protocol.Uint32(word)
	limit, okLimit := protocol.Uint32(second)
	switch {
	case s.opts.Forbidden.Dump:
		return protocol.AppendError(nil, protocol.ErrDumpForbidden)
	case len(second) == 0:
		return protocol.AppendError(nil, protocol.ErrBadCommandLine)
	case !okClass || !okLimit:
		return protocol.AppendError(nil, protocol.ErrBadFormat)
	case class >= classes:
		return protocol.AppendError(nil, protocol.ErrIllegalSlabClass)
	case class != protocol.ItemClass:
		return protocol.AppendEnd(nil)
	}
	all, err := s.someEntries(ctx, limit)
	if err != nil && !errors.Is(err, errEnough) {
		return protocol.AppendServerError(nil, "cachedump: "+oneLine(err))
	}
	return protocol.AppendEnd(all)
}
