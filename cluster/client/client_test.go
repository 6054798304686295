package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/memactor/memactor/cluster/shard"
	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var spread = [testShards]int{0, 1, 0, 1, 0, 1, 0, 1}

func TestSetAndGet(t *testing.T) {
	c := startCluster(t, 2)
	c.publish(c.mapOf(spread))
	cl := c.client()
	c.ready(cl)
	ctx := context.Background()
	for i := range 100 {
		key, value := fmt.Sprint("key", i), fmt.Sprint("value", i)
		if err := cl.Set(ctx, &Item{Key: key, Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
		item, err := cl.Get(ctx, key)
		if err != nil || string(item.Value) != value {
			t.Fatal(item, err)
		}
	}
	if _, err := cl.Get(ctx, "nope"); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := cl.Get(ctx, ""); !errors.Is(err, ErrInvalid) {
		t.Fatal(err)
	}
	stats, err := cl.Stats(ctx, "")
	if err != nil || len(stats) != 2 || stats[0].Stats[0].GetName() != "curr_items" {
		t.Fatal(stats, err)
	}
}

func TestFlushAllReachesEveryShard(t *testing.T) {
	c := startCluster(t, 2)
	c.publish(c.mapOf(spread))
	cl := c.client()
	c.ready(cl)
	if err := cl.FlushAll(context.Background(), 0); err != nil {
		t.Fatal(err)
	}
	if len(c.journal) != testShards {
		t.Fatalf("%d shards flushed", len(c.journal))
	}
}

func TestNoMapNoOwner(t *testing.T) {
	c := startCluster(t, 1)
	cl := c.client()
	ctx := context.Background()
	if _, err := cl.Get(ctx, "a"); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	c.publish(c.mapOf([testShards]int{-1, -1, -1, -1, -1, -1, -1, -1}))
	for cl.Map() == nil {
		time.Sleep(time.Millisecond)
	}
	if _, err := cl.Get(ctx, "a"); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no node owns shard") {
		t.Fatal(err)
	}
	if err := cl.FlushAll(ctx, 0); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
}

func TestOldAndForeignMapsAreNotTaken(t *testing.T) {
	c := startCluster(t, 1)
	old := c.mapOf([testShards]int{})
	c.publish(c.mapOf([testShards]int{}))
	cl := c.client()
	c.ready(cl)
	c.maps.set(old)
	time.Sleep(20 * time.Millisecond)
	if v := cl.Map().Version(); v != 2 {
		t.Fatalf("version %d", v)
	}
}

// A node that hangs: its calls end in time, those of other nodes go on, and when
// it is well again it is used again.
func TestNodeThatDoesNotAnswer(t *testing.T) {
	c := startCluster(t, 2)
	c.publish(c.mapOf(spread))
	cl := c.client(WithTimeout(200*time.Millisecond), WithConnectTimeout(200*time.Millisecond))
	c.ready(cl)
	hung, well := keyOf(t, cl, 0), keyOf(t, cl, 1)
	mute := make(chan struct{})
	c.nodes[0].setMute(mute)
	ctx := context.Background()
	start := time.Now()
	if _, err := cl.Get(ctx, hung); !errors.Is(err, ErrUnavailable) {
		t.Errorf("read: %v", err)
	}
	if err := cl.Set(ctx, &Item{Key: well}); err != nil {
		t.Errorf("other node: %v", err)
	}
	if err := cl.Set(ctx, &Item{Key: hung}); !errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("write: %v", err)
	}
	if _, err := cl.Do(ctx, mayWin(hung)); !errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("read that may win: %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
	c.nodes[0].setMute(nil)
	close(mute)
	c.ready(cl)
	if err := cl.Set(ctx, &Item{Key: hung}); err != nil {
		t.Errorf("after it is well again: %v", err)
	}
}

func mayWin(key string) *wire.Envelope {
	return &wire.Envelope{Op: shardv1.Op_OP_GET, Key: []byte(key), Options: uint32(shardv1.Option_OPTION_WIN)}
}

// A call is sent again after its stream broke only if that does no harm: a read
// that was won on the broken stream would be won by nobody.
func TestOnlyReadsAreSentAgain(t *testing.T) {
	for _, c := range []struct {
		op      shardv1.Op
		options shardv1.Option
		read    bool
	}{
		{shardv1.Op_OP_GET, 0, true},
		{shardv1.Op_OP_GET, shardv1.Option_OPTION_DETAILS | shardv1.Option_OPTION_NO_VALUE | shardv1.Option_OPTION_UNCOUNTED, true},
		{shardv1.Op_OP_GET, shardv1.Option_OPTION_WIN, false},
		{shardv1.Op_OP_GET, shardv1.Option_OPTION_VIVIFY, false},
		{shardv1.Op_OP_GET, shardv1.Option_OPTION_RECACHE | shardv1.Option_OPTION_NO_BUMP, false},
		{shardv1.Op_OP_GAT, 0, false},
		{shardv1.Op_OP_SET, 0, false},
	} {
		if got := isRead(&wire.Envelope{Op: c.op, Options: uint32(c.options)}); got != c.read {
			t.Errorf("%s with options %d: read is %v", c.op, c.options, got)
		}
	}
}

func (n *node) setMute(mute chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mute = mute
}

// keyOf finds a key whose owner is that node.
func keyOf(t *testing.T, cl *Client, node int) string {
	t.Helper()
	for i := range 1000 {
		key := fmt.Sprint("k", i)
		if cl.Map().OwnerIndex(cl.Map().Of([]byte(key))) == node {
			return key
		}
	}
	t.Fatal("no key found")
	return ""
}

// A node that dies: calls fail at once, until it is there again.
func TestNodeThatDies(t *testing.T) {
	c := startCluster(t, 1)
	c.publish(c.mapOf([testShards]int{}))
	cl := c.client()
	c.ready(cl)
	ctx := context.Background()
	c.nodes[0].server.Stop()
	for cl.Ready() == nil {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	if err := cl.Set(ctx, &Item{Key: "a"}); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	if d := time.Since(start); d > 2500*time.Millisecond {
		t.Errorf("took %s", d)
	}
	c.nodes[0].listen(c.nodes[0].address)
	c.ready(cl)
	if err := cl.Set(ctx, &Item{Key: "a"}); err != nil {
		t.Error(err)
	}
}

func TestCloseAnswersWhatIsInFlight(t *testing.T) {
	c := startCluster(t, 1)
	c.publish(c.mapOf([testShards]int{}))
	cl := c.client()
	c.ready(cl)
	mute := make(chan struct{})
	defer close(mute)
	c.nodes[0].setMute(mute)
	k := newCollector()
	for i := range 100 {
		k.submit(cl, shardv1.Op_OP_SET, fmt.Sprint(i), "x", uint64(i))
	}
	_ = cl.Close()
	k.wait(t)
	for tag, status := range k.statuses {
		if status != shardv1.Status_STATUS_UNKNOWN_OUTCOME && status != shardv1.Status_STATUS_UNAVAILABLE {
			t.Fatalf("%d: %s", tag, status)
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	c := startCluster(t, 1)
	c.publish(c.mapOf([testShards]int{}))
	cl := c.client(WithTimeout(time.Second), WithMaxQueue(1<<20))
	c.ready(cl)
	mute := make(chan struct{})
	defer close(mute)
	c.nodes[0].setMute(mute)
	k := newCollector()
	value := strings.Repeat("x", 256<<10)
	for i := range 100 {
		k.submit(cl, shardv1.Op_OP_SET, "a", value, uint64(i))
	}
	k.wait(t)
	busy := 0
	for _, status := range k.statuses {
		if status == shardv1.Status_STATUS_BUSY {
			busy++
		}
	}
	if busy < 50 {
		t.Errorf("%d of 100 refused", busy)
	}
}

// Shards change their owners all the time, and the nodes and the client learn of
// it at different times. No call is lost, done twice, or done out of order.
func TestOrderWhileShardsMove(t *testing.T) {
	if fault := moveAbout(t, false); fault != "" {
		t.Fatal(fault)
	}
}

// The same with nodes that forget what they have refused: then later calls overtake,
// and the checker must see it.
func TestOrderCheckerCatchesAPlantedBug(t *testing.T) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if moveAbout(t, true) != "" {
			return
		}
	}
	t.Fatal("not caught")
}

func moveAbout(t *testing.T, planted bool) (fault string) {
	t.Helper()
	const workers, rounds, window = 4, 40, 40
	c := startCluster(t, 3)
	for _, n := range c.nodes {
		n.noHold = planted
	}
	c.publish(c.mapOf([testShards]int{}))
	cl := c.client(WithTimeout(10 * time.Second))
	c.ready(cl)
	stop := make(chan struct{})
	var mover sync.WaitGroup
	mover.Go(func() { c.shuffle(stop) })
	var group sync.WaitGroup
	failed := make([]int, workers)
	for w := range workers {
		group.Go(func() {
			for r := range rounds {
				k := newCollector()
				for i := range window {
					k.submit(cl, shardv1.Op_OP_SET, fmt.Sprint("w", w, "k", i%5), fmt.Sprint(r*window+i), uint64(i))
				}
				k.wait(t)
				for _, status := range k.statuses {
					if status != shardv1.Status_STATUS_OK {
						failed[w]++
					}
				}
			}
		})
	}
	group.Wait()
	close(stop)
	mover.Wait()
	_ = cl.Close()
	if f := failed[0] + failed[1] + failed[2] + failed[3]; f > 0 {
		return fmt.Sprintf("%d calls failed", f)
	}
	return c.checkJournal(workers * rounds * window)
}

// shuffle gives shards to random nodes; who learns of it first is random too.
func (c *cluster) shuffle(stop chan struct{}) {
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rng.IntN(20)) * time.Millisecond):
		}
		var owners [testShards]int
		for i := range owners {
			owners[i] = rng.IntN(len(c.nodes))
		}
		m := c.mapOf(owners)
		if rng.IntN(3) == 0 {
			c.maps.set(m)
		}
		// The old owners stop before the new ones begin, as a hand-over does.
		for _, n := range c.nodes {
			n.drop(m)
		}
		for _, i := range rng.Perm(len(c.nodes)) {
			time.Sleep(time.Duration(rng.IntN(500)) * time.Microsecond)
			c.nodes[i].serve(m)
		}
		if rng.IntN(4) > 0 {
			c.maps.set(m) // else clients learn by moved replies
		}
	}
}

// drop ends what the node serves; everything is a new epoch in m.
func (n *node) drop(m *shard.Map) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.m = m
	clear(n.epochs)
}

// checkJournal wants each key's values once and in order.
func (c *cluster) checkJournal(want int) string {
	last := map[string]int{}
	for _, e := range c.journal {
		var v int
		if _, err := fmt.Sscan(e.value, &v); err != nil {
			return err.Error()
		}
		if before, ok := last[e.key]; ok && v <= before {
			return fmt.Sprintf("key %s: %d after %d", e.key, v, before)
		}
		last[e.key] = v
	}
	if len(c.journal) != want {
		return fmt.Sprintf("%d executed, want %d", len(c.journal), want)
	}
	return ""
}

// null is a Sink that counts.
type null struct{ wg sync.WaitGroup }

func (n *null) Reply(uint64, *wire.Reply) { n.wg.Done() }

func BenchmarkSubmit(b *testing.B) {
	t := &testing.T{}
	c := startCluster(t, 2)
	c.publish(c.mapOf(spread))
	cl := c.client()
	c.ready(cl)
	envelopes := make([]wire.Envelope, 32)
	for i := range envelopes {
		envelopes[i] = wire.Envelope{Op: shardv1.Op_OP_GET, Key: fmt.Append(nil, "key", i)}
	}
	sink := &null{}
	b.ReportAllocs()
	for b.Loop() {
		sink.wg.Add(len(envelopes))
		for i := range envelopes {
			cl.Submit(&envelopes[i], sink, uint64(i))
		}
		sink.wg.Wait()
	}
	_ = cl.Close()
	for _, n := range c.nodes {
		n.server.Stop()
	}
}
