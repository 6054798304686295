package client

import (
	"cmp"
	"slices"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// lane is a link's part in one shard; route.go says how lanes change.
type lane struct {
	epoch       uint64 // under which calls are sent
	rejected    uint64 // under which the node last answered moved
	outstanding int32  // calls sent and not answered
	open        bool   // the link takes calls for the shard
	held        bool   // calls are parked
	resume      bool   // the next envelope is the first after a moved reply
}

// renew sets the epoch of a lane that stays with its link. true: it is held
// until the calls of the old epoch are answered.
func (l *Link) renew(id shard.ID, epoch uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := &l.lanes[id]
	changed := ln.epoch != epoch
	ln.epoch = epoch
	if !changed || ln.held || ln.outstanding == 0 {
		return false
	}
	ln.held = true
	return true
}

// yield closes a lane whose shard goes elsewhere. true: it has calls that are
// not answered, and is held until they are.
func (l *Link) yield(id shard.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := &l.lanes[id]
	l.parkWaiting(id)
	ln.held = ln.held || ln.outstanding > 0
	ln.open = ln.held
	return ln.held
}

// parkWaiting takes the shard's calls from those that wait for a connection.
func (l *Link) parkWaiting(id shard.ID) {
	l.waiting = slices.DeleteFunc(l.waiting, func(c call) bool {
		if c.shard != uint32(id) {
			return false
		}
		l.parked[c.shard] = append(l.parked[c.shard], c)
		l.lanes[id].held = true
		return true
	})
}

// open makes the lane take calls, and returns the seq of the last call before.
func (l *Link) open(id shard.ID, epoch uint64, held bool) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := &l.lanes[id]
	ln.epoch, ln.open, ln.held = epoch, true, held
	return l.seq
}

// takeDrained takes the parked calls of a lane on which nothing is unanswered, in
// order of submission; false if something is. The lane is closed unless kept.
func (l *Link) takeDrained(id shard.ID, upTo uint64, keep bool) ([]call, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := &l.lanes[id]
	if ln.outstanding > 0 {
		return nil, false
	}
	parked := l.parked[uint32(id)]
	slices.SortFunc(parked, func(a, b call) int { return cmp.Compare(a.seq, b.seq) })
	n, _ := slices.BinarySearchFunc(parked, upTo, func(c call, seq uint64) int {
		if c.seq <= seq {
			return -1
		}
		return 1
	})
	l.setParked(id, parked[n:])
	if !keep {
		ln.open, ln.held, ln.resume = false, false, false
	}
	return slices.Clone(parked[:n]), true
}

func (l *Link) setParked(id shard.ID, calls []call) {
	if len(calls) == 0 {
		delete(l.parked, uint32(id))
		return
	}
	l.parked[uint32(id)] = slices.Clone(calls)
}

// refused says that the node answered moved under the epoch that is still the
// map's: sending again at once would be in vain.
func (l *Link) refused(id shard.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := &l.lanes[id]
	return ln.resume && ln.rejected == ln.epoch
}

// release opens a held lane and sends calls and then those parked here.
func (l *Link) release(id shard.ID, calls []call) rejections {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lanes[id].held = false
	rest := l.parked[uint32(id)]
	delete(l.parked, uint32(id))
	return l.flush(append(calls, rest...))
}

// leave ends a link whose node is not in the map any more; the calls that may be
// sent again are parked in held lanes, from where their transits take them.
func (l *Link) leave() {
	l.refuse(LinkClosed, "node "+l.node.ID+" left the cluster")
	l.cancel()
	<-l.done
	l.mu.Lock()
	drained := l.heldLanes()
	l.mu.Unlock()
	l.client.progress(l, drained, nil)
}

// failParked answers what a closed link still holds.
func (l *Link) failParked() {
	l.mu.Lock()
	parked := l.parked
	l.parked = map[uint32][]call{}
	l.mu.Unlock()
	for _, calls := range parked {
		for i := range calls {
			calls[i].fail(shardv1.Status_STATUS_UNAVAILABLE, l.why)
		}
	}
}
