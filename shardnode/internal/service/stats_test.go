package service

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

func shortly(t testing.TB) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(within(t), 50*time.Millisecond)
}

func (f *fixture) stats(group string) (names []string, values map[string]string) {
	f.Helper()
	r, err := f.client.GetStats(within(f), &shardv1.GetStatsRequest{Group: group})
	if err != nil {
		f.Fatal(err)
	}
	values = map[string]string{}
	for _, s := range r.GetStats() {
		if _, twice := values[s.GetName()]; twice {
			f.Fatalf("%s is there twice", s.GetName())
		}
		names, values[s.GetName()] = append(names, s.GetName()), s.GetValue()
	}
	return names, values
}

// use makes a set, a hit, a miss and a delete.
func (f *fixture) use() {
	for _, e := range []*shardv1.Envelope{
		{Op: shardv1.Op_OP_SET, Key: []byte("a"), Value: []byte("1")}, {Op: shardv1.Op_OP_SET, Key: []byte("b")},
		{Op: shardv1.Op_OP_GET, Key: []byte("a")}, {Op: shardv1.Op_OP_GET, Key: []byte("c")},
		{Op: shardv1.Op_OP_INCR, Key: []byte("a"), Delta: 5}, {Op: shardv1.Op_OP_TOUCH, Key: []byte("a")},
		{Op: shardv1.Op_OP_DELETE, Key: []byte("b")}, {Op: shardv1.Op_OP_FLUSH, Exptime: 1000},
	} {
		f.ask(e)
	}
}

func TestGeneralStats(t *testing.T) {
	f := newServing(t)
	f.use()
	_, got := f.stats("")
	for name, want := range map[string]string{
		"cmd_get": "2", "cmd_set": "2", "cmd_touch": "1", "cmd_flush": "1", "cmd_meta": "0",
		"get_hits": "1", "get_misses": "1", "incr_hits": "1", "delete_hits": "1", "delete_misses": "0", "touch_hits": "1",
		"curr_items": "1", "total_items": "2", "evictions": "0", "limit_maxbytes": "536870912",
		"cas_misses": "0", "cas_hits": "0", "cas_badval": "0", "memactor_shards": "16", "memactor_panics": "0",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	f.stats("reset")
	if _, got := f.stats(""); got["cmd_get"] != "0" || got["total_items"] != "0" || got["curr_items"] != "1" {
		t.Errorf("after a reset: %v", got)
	}
}

// The names and their order are those of memcached 1.6.18's `stats`, from cmd_get
// on; what comes before is the gateway's to tell.
func TestGeneralStatsAreInMemcachedsOrder(t *testing.T) {
	want := strings.Fields(`cmd_get cmd_set cmd_flush cmd_touch cmd_meta get_hits get_misses get_expired get_flushed
		delete_misses delete_hits incr_misses incr_hits decr_misses decr_hits cas_misses cas_hits cas_badval touch_hits
		touch_misses store_too_large store_no_memory auth_cmds auth_errors limit_maxbytes hash_power_level hash_bytes
		hash_is_expanding slab_reassign_rescues slab_reassign_chunk_rescues slab_reassign_evictions_nomem
		slab_reassign_inline_reclaim slab_reassign_busy_items slab_reassign_busy_deletes slab_reassign_running
		slabs_moved lru_crawler_running lru_crawler_starts lru_maintainer_juggles malloc_fails log_worker_dropped
		log_worker_written log_watcher_skipped log_watcher_sent log_watchers unexpected_napi_ids round_robin_fallback
		bytes curr_items total_items slab_global_page_pool expired_unfetched evicted_unfetched evicted_active evictions
		reclaimed crawler_reclaimed crawler_items_checked lrutail_reflocked moves_to_cold moves_to_warm
		moves_within_lru direct_reclaims lru_bumps_dropped`)
	names, _ := newServing(t).stats("")
	ours := slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "memactor_") })
	if !slices.Equal(ours, want) {
		t.Errorf("got  %v\nwant %v", ours, want)
	}
}

func TestOtherGroups(t *testing.T) {
	f := newServing(t)
	if names, _ := f.stats("items"); len(names) != 0 {
		t.Errorf("items without items: %v", names)
	}
	if _, got := f.stats("slabs"); got["active_slabs"] != "0" {
		t.Errorf("slabs without items: %v", got)
	}
	f.use()
	if _, got := f.stats("items"); got["items:1:number"] != "1" || got["items:1:age"] != "0" {
		t.Errorf("items: %v", got)
	}
	if _, got := f.stats("slabs"); got["active_slabs"] != "1" || got["1:used_chunks"] != "1" || got["1:cmd_set"] != "2" {
		t.Errorf("slabs: %v", got)
	}
	if _, got := f.stats("sizes"); got["sizes_status"] != "disabled" || len(got) != 1 {
		t.Errorf("sizes, not tracked: %v", got)
	}
	f.stats("sizes_enable")
	if _, got := f.stats("sizes"); got["64"] != "1" || len(got) != 1 {
		t.Errorf("sizes: %v", got)
	}
	if _, got := f.stats("settings"); got["track_sizes"] != "yes" || got["detail_enabled"] != "no" {
		t.Errorf("settings: %v", got)
	}
	f.stats("sizes_disable")
	if _, got := f.stats("sizes"); got["sizes_status"] != "disabled" {
		t.Errorf("sizes, not tracked any more: %v", got)
	}
	if names, got := f.stats("shards"); len(names) != 16*3 || names[0] != "0:epoch" || got["0:epoch"] != "1" {
		t.Errorf("shards: %v", got)
	}
	if _, got := f.stats("settings"); got["maxbytes"] != "536870912" || got["evictions"] != "on" {
		t.Errorf("settings: %v", got)
	}
	_, err := f.client.GetStats(within(t), &shardv1.GetStatsRequest{Group: "nonsense"})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("an unknown group: %v", err)
	}
}

func TestPrefixStats(t *testing.T) {
	f := newServing(t)
	f.stats("detail_on")
	f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_SET, Key: []byte("\xff:a")})
	f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("\xff:a")})
	f.stats("detail_off")
	f.ask(&shardv1.Envelope{Op: shardv1.Op_OP_GET, Key: []byte("\xff:a")})
	r, err := f.client.GetStats(within(t), &shardv1.GetStatsRequest{Group: "detail_dump"})
	if err != nil {
		t.Fatal(err)
	}
	if all := r.GetPrefixes(); len(all) != 1 || string(all[0].GetPrefix()) != "\xff" || all[0].GetGets() != 1 || all[0].GetHits() != 1 ||
		all[0].GetSets() != 1 || all[0].GetDeletes() != 0 {
		t.Fatalf("%v", all)
	}
}

func TestMetrics(t *testing.T) {
	f := newServing(t)
	f.use()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(f.service.stats); err != nil {
		t.Fatal(err)
	}
	const want = `
# HELP memcached_current_items Current number of items stored by this instance.
# TYPE memcached_current_items gauge
memcached_current_items 1
# HELP memcached_items_total Total number of items stored during the life of this instance.
# TYPE memcached_items_total counter
memcached_items_total 2
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "memcached_current_items", "memcached_items_total"); err != nil {
		t.Error(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	for _, name := range []string{"memcached_commands_total", "memcached_current_bytes", "memcached_limit_bytes", "memactor_shards"} {
		if !names[name] {
			t.Errorf("%s is missing among %v", name, slices.Sorted(maps.Keys(names)))
		}
	}
}
