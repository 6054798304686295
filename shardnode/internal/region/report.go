package region

import (
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/shardnode/internal/entry"
	"github.com/memactor/memactor/shardnode/internal/prefix"
	"github.com/memactor/memactor/shardnode/internal/watch"
)

// Events is where those are that watch what actors do.
func (r *Region) Events() *watch.Hub { return &r.events }

// Prefixes counts what is done with keys, if it is on.
func (r *Region) Prefixes() *prefix.Table { return &r.prefixes }

// report tells those who want to know of the turn. Mostly nobody does: then it is
// two reads of memory that never changes. No lock is held.
func (a *actor) report() {
	r := a.region
	if r.events.Wants(watch.Fetchers | watch.Mutations | watch.Deletions) {
		a.publish()
	}
	if r.prefixes.On() {
		a.countPrefix()
	}
}

func (a *actor) publish() {
	var e watch.Event
	switch a.msg.Op {
	case entry.OpGet, entry.OpGat, entry.OpTouch:
		a.fetched(&e)
	case entry.OpSet, entry.OpAdd, entry.OpReplace, entry.OpAppend, entry.OpPrepend, entry.OpCas:
		a.mutated(&e)
	case entry.OpDelete:
		if a.out.Reply.Status != entry.OK || a.msg.Options.Has(entry.Invalidate) {
			return
		}
		e.Kind, e.Size = shardv1.LogKind_LOG_KIND_DELETIONS, a.size()
	case entry.OpIncr, entry.OpDecr:
		return // no events in memcached
	}
	if !a.region.events.Wants(watch.Kind(e.Kind)) || a.uncounted() {
		return
	}
	e.Op = shardv1.Op(a.msg.Op)
	e.Time = a.region.opts.Now().UnixMicro()
	e.SetKey(a.key)
	a.region.events.Publish(&e)
}

// size is that of the value in bytes that the turn began with.
func (a *actor) size() int {
	if a.data == nil {
		return 0
	}
	return len(a.data.value())
}

func (a *actor) fetched(e *watch.Event) {
	e.Kind = shardv1.LogKind_LOG_KIND_FETCHERS
	switch {
	case a.out.Reply.Status == entry.OK:
		e.Outcome, e.Size = shardv1.LogOutcome_LOG_OUTCOME_FOUND, a.size()
	case a.out.Lapsed:
		e.Outcome = shardv1.LogOutcome_LOG_OUTCOME_EXPIRED
	case a.flushed:
		e.Outcome = shardv1.LogOutcome_LOG_OUTCOME_FLUSHED
	default:
		e.Outcome = shardv1.LogOutcome_LOG_OUTCOME_NOT_FOUND
	}
}

func (a *actor) mutated(e *watch.Event) {
	e.Kind, e.Outcome, e.Size = shardv1.LogKind_LOG_KIND_MUTATIONS, a.storeOutcome(), len(a.msg.Value)
	if expires := entry.Expiry(a.msg.Exptime, a.in.Now); expires != 0 {
		e.TTL = max(int64(expires)-a.in.Now, -1)
	}
}

func (a *actor) storeOutcome() shardv1.LogOutcome {
	if a.noMemory {
		return shardv1.LogOutcome_LOG_OUTCOME_NO_MEMORY
	}
	switch a.out.Reply.Status {
	case entry.OK:
		return shardv1.LogOutcome_LOG_OUTCOME_STORED
	case entry.NotFound:
		return shardv1.LogOutcome_LOG_OUTCOME_NOT_FOUND
	case entry.Exists:
		return shardv1.LogOutcome_LOG_OUTCOME_EXISTS
	case entry.TooLarge:
		return shardv1.LogOutcome_LOG_OUTCOME_TOO_LARGE
	case entry.NotStored, entry.NonNumeric:
	}
	return shardv1.LogOutcome_LOG_OUTCOME_NOT_STORED
}

// uncounted tells a message of one who only looks.
func (a *actor) uncounted() bool { return a.msg.Options.Has(entry.Uncounted) }

// countPrefix counts what memcached counts for a prefix: reads, stores and deletes.
func (a *actor) countPrefix() {
	if a.uncounted() {
		return
	}
	switch a.msg.Op {
	case entry.OpGet, entry.OpGat:
		a.region.prefixes.Get(a.key, a.out.Reply.Status == entry.OK)
	case entry.OpSet, entry.OpAdd, entry.OpReplace, entry.OpAppend, entry.OpPrepend, entry.OpCas:
		a.region.prefixes.Set(a.key)
	case entry.OpDelete:
		a.region.prefixes.Delete(a.key)
	case entry.OpTouch, entry.OpIncr, entry.OpDecr:
	}
}

// reportEviction tells those who watch that an entry is about to be evicted. The
// shard's lock is held: an event is copied, and nobody is waited for.
func (r *Region) reportEviction(s *slot, now int64) {
	if !r.events.Wants(watch.Evictions) {
		return
	}
	m := s.metadata()
	e := watch.Event{
		Kind: shardv1.LogKind_LOG_KIND_EVICTIONS, Time: r.opts.Now().UnixMicro(), TTL: -1,
		Size: m.Size, Idle: now - m.Accessed, Fetched: m.Fetched,
	}
	if m.Expires != 0 {
		e.TTL = m.Expires - now
	}
	e.SetKey(m.Key)
	r.events.Publish(&e)
}
