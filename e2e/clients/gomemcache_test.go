package clients

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/memactor/memactor/e2e/harness"
)

func TestGomemcache(t *testing.T) {
	both(t, func(t *testing.T, address string) { everyOperation(t, newClient(address)) })
}

// TestGomemcacheByUnixSocket reaches the gateway as a program on its machine would.
func TestGomemcacheByUnixSocket(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 2})
	everyOperation(t, newClient(c.Gateways[0].Socket))
}

// newClient returns a client with more patience than its half a second: a test is
// no place to find out how busy the machine is.
func newClient(address string) *memcache.Client {
	client := memcache.New(address)
	client.Timeout = 10 * time.Second
	return client
}

func everyOperation(t *testing.T, client *memcache.Client) {
	t.Helper()
	defer func() { _ = client.Close() }()
	check(t, "Ping", client.Ping(), nil)
	storing(t, client)
	comparing(t, client)
	counting(t, client)
	touching(t, client)
	readingAndTouching(t, client)
	reading(t, client)
	deleting(t, client)
}

func storing(t *testing.T, client *memcache.Client) {
	t.Helper()
	item := func(value string) *memcache.Item { return &memcache.Item{Key: "a", Value: []byte(value), Flags: 77} }
	check(t, "Get of nothing", second(client.Get("a")), memcache.ErrCacheMiss)
	check(t, "Replace of nothing", client.Replace(item("x")), memcache.ErrNotStored)
	check(t, "Append to nothing", client.Append(item("x")), memcache.ErrNotStored)
	check(t, "Prepend to nothing", client.Prepend(item("x")), memcache.ErrNotStored)
	check(t, "Add", client.Add(item("1")), nil)
	check(t, "Add again", client.Add(item("2")), memcache.ErrNotStored)
	check(t, "Append", client.Append(item("3")), nil)
	check(t, "Prepend", client.Prepend(item("0")), nil)
	want(t, client, "a", "013", 77)
	check(t, "Replace", client.Replace(item("new")), nil)
	want(t, client, "a", "new", 77)
	check(t, "Set", client.Set(item("set")), nil)
	want(t, client, "a", "set", 77)
	check(t, "Set of a key too long", client.Set(&memcache.Item{Key: string(bytes.Repeat([]byte("k"), 251))}), memcache.ErrMalformedKey)
}

func comparing(t *testing.T, client *memcache.Client) {
	t.Helper()
	first, err := client.Get("a")
	check(t, "Get", err, nil)
	stale := *first
	first.Value = []byte("swapped")
	check(t, "CompareAndSwap", client.CompareAndSwap(first), nil)
	check(t, "CompareAndSwap of the old", client.CompareAndSwap(&stale), memcache.ErrCASConflict)
	want(t, client, "a", "swapped", 77)
	gone := stale
	gone.Key = "gone"
	check(t, "CompareAndSwap of nothing", client.CompareAndSwap(&gone), memcache.ErrCacheMiss)
}

func counting(t *testing.T, client *memcache.Client) {
	t.Helper()
	check(t, "Increment of nothing", second(client.Increment("n", 1)), memcache.ErrCacheMiss)
	check(t, "Set", client.Set(&memcache.Item{Key: "n", Value: []byte("18446744073709551610")}), nil)
	up, err := client.Increment("n", 5)
	check(t, "Increment", err, nil)
	down, err := client.Decrement("n", 18446744073709551614)
	check(t, "Decrement", err, nil)
	if up != 18446744073709551615 || down != 1 {
		t.Errorf("counted to %d and %d", up, down)
	}
	if second(client.Increment("a", 1)) == nil {
		t.Error("Increment of a text succeeded")
	}
}

func touching(t *testing.T, client *memcache.Client) {
	t.Helper()
	check(t, "Touch of nothing", client.Touch("nothing", 10), memcache.ErrCacheMiss)
	check(t, "Touch", client.Touch("a", 100), nil)
	check(t, "Touch, to end", client.Touch("n", -1), nil)
	check(t, "Get of what has ended", second(client.Get("n")), memcache.ErrCacheMiss)
}

func readingAndTouching(t *testing.T, client *memcache.Client) {
	t.Helper()
	item, err := client.GetAndTouch("a", 100)
	check(t, "GetAndTouch", err, nil)
	if string(item.Value) != "swapped" {
		t.Errorf("GetAndTouch found %q", item.Value)
	}
	check(t, "GetAndTouch of nothing", second(client.GetAndTouch("n", 100)), memcache.ErrCacheMiss)
}

// reading stores values of many sizes and reads them by one GetMulti.
func reading(t *testing.T, client *memcache.Client) {
	t.Helper()
	stored := map[string][]byte{}
	var keys []string
	for i := range 300 {
		key := fmt.Sprintf("many-%d", i)
		value := bytes.Repeat([]byte{byte(i)}, i*i)
		check(t, "Set", client.Set(&memcache.Item{Key: key, Value: value}), nil)
		stored[key] = value
		keys = append(keys, key, "missing-"+key)
	}
	found, err := client.GetMulti(keys)
	check(t, "GetMulti", err, nil)
	if len(found) != len(stored) {
		t.Errorf("GetMulti found %d of %d", len(found), len(stored))
	}
	for key, item := range found {
		if !bytes.Equal(item.Value, stored[key]) {
			t.Errorf("GetMulti found another value of %s", key)
		}
	}
}

func deleting(t *testing.T, client *memcache.Client) {
	t.Helper()
	check(t, "Delete", client.Delete("a"), nil)
	check(t, "Delete again", client.Delete("a"), memcache.ErrCacheMiss)
	check(t, "DeleteAll", client.DeleteAll(), nil)
	check(t, "Get after DeleteAll", second(client.Get("many-7")), memcache.ErrCacheMiss)
	check(t, "Set", client.Set(&memcache.Item{Key: "a", Value: []byte("x")}), nil)
	check(t, "FlushAll", client.FlushAll(), nil)
	check(t, "Get after FlushAll", second(client.Get("a")), memcache.ErrCacheMiss)
}

// TestGomemcacheInParallel uses one client from many goroutines.
func TestGomemcacheInParallel(t *testing.T) {
	both(t, func(t *testing.T, address string) {
		client := newClient(address)
		client.MaxIdleConns = 20
		defer func() { _ = client.Close() }()
		var group sync.WaitGroup
		for worker := range 20 {
			group.Go(func() {
				for i := range 200 {
					key := fmt.Sprintf("%d-%d", worker, i%10)
					value := fmt.Sprintf("%s is %d", key, i)
					check(t, "Set", client.Set(&memcache.Item{Key: key, Value: []byte(value)}), nil)
					item, err := client.Get(key)
					check(t, "Get", err, nil)
					if err == nil && string(item.Value) != value {
						t.Errorf("%s: %q, not %q", key, item.Value, value)
					}
				}
			})
		}
		group.Wait()
	})
}

func want(t *testing.T, client *memcache.Client, key, value string, flags uint32) {
	t.Helper()
	item, err := client.Get(key)
	if err != nil || string(item.Value) != value || item.Flags != flags {
		t.Errorf("Get %s: %+v, %v; not %q with flags %d", key, item, err, value, flags)
	}
}

func check(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, not %v", what, err, want)
	}
}

// second drops the first of two results.
func second[T any](_ T, err error) error { return err }
