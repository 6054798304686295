package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/memactor/memactor/gateway/internal/protocol"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// maxWatchers is how many clients may watch at once, as in memcached. The nodes have the same limit for all gateways.
const maxWatchers = 20

// connBacklog is how many events of connections wait for one watcher; what is more is lost, and counted.
const connBacklog = 1024

// watchers are the clients that watch, and what was counted of them. The zero value has none.
type watchers struct {
	conns atomic.Int32 // those of connections: nothing is done for an event if there are none

	mu  sync.Mutex
	all map[*watcher]struct{}

	gid           atomic.Uint64 // of the last line
	sent, skipped atomic.Uint64
}

// watcher is one client that watches. Its connection gets log lines only.
type watcher struct {
	server *Server
	out    *output
	events chan protocol.ConnEvent // nil for one who does not watch connections
	lost   atomic.Uint64           // of events, since the last line

	mu  sync.Mutex // to write
	buf []byte
}

// watch lets the client watch until it closes its connection, or the server ends.
func watch(ctx context.Context, s *Server, cmd *protocol.Command, out *output) {
	switch {
	case s.opts.Forbidden.Watch:
		out.refuse(protocol.ErrWatchForbidden)
		return
	case out.conn.pipelined:
		out.refuse(protocol.ErrPipelinedWatch)
		return
	}
	w := &watcher{server: s, out: out}
	if cmd.Watched&protocol.WatchedConns != 0 {
		w.events = make(chan protocol.ConnEvent, connBacklog)
	}
	if !s.watchers.add(w) {
		out.refuse(protocol.ErrManyWatchers)
		return
	}
	defer s.watchers.remove(w)
	if err := w.run(ctx, cmd.Watched.Kinds()); err != nil {
		out.refuse(protocol.ErrManyWatchers)
		return
	}
	out.ended = true
}

// run watches to the end. The only error is client.ErrBusy: the nodes have too many watchers, and nothing was written.
func (w *watcher) run(ctx context.Context, kinds []shardv1.LogKind) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	end, err := w.start(ctx, kinds)
	if err != nil {
		return err
	}
	c := w.out.conn
	c.activity.Store(int32(watching))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer cancel()
		c.discard()
	}()
	w.connEvents(ctx)
	c.interrupt()
	<-gone
	end()
	return nil
}

// start begins to watch, and says OK before the first line. end waits for the nodes' part of it.
func (w *watcher) start(ctx context.Context, kinds []shardv1.LogKind) (end func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end = func() {}
	if len(kinds) > 0 {
		wait, err := w.server.opts.Cluster.Watch(ctx, kinds, w.lines)
		if err != nil {
			return nil, err
		}
		end = func() { _ = wait() }
	}
	_, _ = w.out.Write(protocol.AppendOK(nil))
	_ = w.out.Flush()
	return end, nil
}

// connEvents writes the lines of connections until ctx ends.
func (w *watcher) connEvents(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-w.events:
			w.mu.Lock()
			w.buf = w.begin(w.lost.Swap(0))
			w.buf = protocol.AppendConnEvent(w.buf, w.server.watchers.gid.Add(1), &e)
			_ = w.write(1)
			w.mu.Unlock()
		}
	}
}

// lines writes the lines of what actors did. While it waits for the client, the nodes lose events.
func (w *watcher) lines(events []*shardv1.LogEvent, skipped uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = w.begin(skipped)
	for _, e := range events {
		w.buf = protocol.AppendLogEvent(w.buf, w.server.watchers.gid.Add(1), e)
	}
	return w.write(len(events))
}

// begin is the empty buffer, with a line about what was lost before. mu is held.
func (w *watcher) begin(lost uint64) []byte {
	if lost == 0 {
		return w.buf[:0]
	}
	return protocol.AppendSkipped(w.buf[:0], lost)
}

// write sends what is in the buffer. mu is held.
func (w *watcher) write(lines int) error {
	_, _ = w.out.Write(w.buf)
	err := w.out.Flush()
	if err == nil {
		w.server.watchers.sent.Add(uint64(lines))
	}
	return err
}

func (ws *watchers) add(w *watcher) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if len(ws.all) == maxWatchers {
		return false
	}
	if ws.all == nil {
		ws.all = map[*watcher]struct{}{}
	}
	ws.all[w] = struct{}{}
	if w.events != nil {
		ws.conns.Add(1)
	}
	return true
}

func (ws *watchers) remove(w *watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.all, w)
	if w.events != nil {
		ws.conns.Add(-1)
	}
}

func (ws *watchers) count() int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return len(ws.all)
}

// tell tells those who watch connections that one has begun, or ended for a reason. It never waits.
func (ws *watchers) tell(c *conn, reason string) {
	if ws.conns.Load() == 0 {
		return
	}
	e := protocol.ConnEvent{Time: time.Now().UnixMicro(), Reason: reason, FD: c.fd()}
	e.Address, e.Port, e.Transport = c.peer()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		if w.events == nil {
			continue
		}
		select {
		case w.events <- e:
		default:
			w.lost.Add(1)
			ws.skipped.Add(1)
		}
	}
}

func (ws *watchers) reset() {
	ws.sent.Store(0)
	ws.skipped.Store(0)
}
