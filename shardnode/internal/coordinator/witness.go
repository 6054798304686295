package coordinator

import (
	"sync"
	"time"

	"github.com/memactor/memactor/cluster/shard"
)

// witness remembers whom this process has seen as members, and when. It watches
// all the time, not only while this node is the coordinator: a node that becomes it
// because the last one has died knows that it was there.
type witness struct {
	now   func() time.Time
	began time.Time // before that, everything is possible

	mu   sync.Mutex
	last map[string]sighting // by node id
}

// sighting is the last news of the members that had a node among them.
type sighting struct {
	at          time.Time
	incarnation uint64
}

func newWitness(now func() time.Time) *witness {
	return &witness{now: now, began: now(), last: map[string]sighting{}}
}

// watch takes in the members until the channel is closed.
func (w *witness) watch(members <-chan []shard.Node) {
	for nodes := range members {
		w.saw(nodes)
	}
}

// saw takes in a list of members when it is news. A list that was had before the
// registry was disturbed says nothing of the time after, and may not be given again.
func (w *witness) saw(nodes []shard.Node) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range nodes {
		w.last[n.ID] = sighting{w.now(), n.Incarnation}
	}
}

// since says whether this run of n, or a later one, was among the members in news
// of after a moment.
func (w *witness) since(moment time.Time, n shard.Node) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.last[n.ID]
	return ok && s.incarnation >= n.Incarnation && !s.at.Before(moment)
}
