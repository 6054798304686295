package service

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/shardnode/internal/prefix"
	"github.com/memactor/memactor/shardnode/internal/region"
)

// Stats tells a region's statistics in memcached's names and order. What has no
// meaning here is 0.
type Stats struct {
	Region *region.Region
	// MaxItem is the limit for one item in bytes (-I).
	MaxItem int64
	// NoEviction is that of region.Options.
	NoEviction bool
}

// Group is a group of statistics, false if there is none of that name.
func (s *Stats) Group(name string) ([]*shardv1.Stat, bool) {
	switch name {
	case "":
		return s.general(), true
	case "settings":
		return s.settings(), true
	case "items":
		return s.items(), true
	case "slabs":
		return s.slabs(), true
	case "sizes":
		return s.sizes(), true
	case "shards":
		return s.shards(), true
	}
	return nil, s.do(name)
}

// do is for the groups that change something instead; false if it is none of them.
func (s *Stats) do(name string) bool {
	switch name {
	case "reset":
		s.Region.ResetStats()
	case "sizes_enable":
		s.Region.TrackSizes(true)
	case "sizes_disable":
		s.Region.TrackSizes(false)
	case "detail_off":
		s.Region.Prefixes().Stop()
	default:
		return s.detailOn(name)
	}
	return true
}

// detailOn is "detail_on", behind which the delimiter may stand.
func (s *Stats) detailOn(name string) bool {
	delimiter, ok := strings.CutPrefix(name, "detail_on")
	switch {
	case !ok || len(delimiter) > 1:
		return false
	case delimiter == "":
		s.Region.Prefixes().Start(prefix.Delimiter)
	default:
		s.Region.Prefixes().Start(delimiter[0])
	}
	return true
}

// list collects statistics.
type list []*shardv1.Stat

func (l *list) text(name, value string) {
	*l = append(*l, &shardv1.Stat{Name: name, Value: value})
}

func (l *list) uint(name string, value uint64) { l.text(name, strconv.FormatUint(value, 10)) }

func (l *list) zero(names ...string) {
	for _, name := range names {
		l.text(name, "0")
	}
}

func (l *list) counters(prefix string, counts *region.Counts, counters ...region.Counter) {
	for _, c := range counters {
		l.uint(prefix+c.String(), counts[c])
	}
}

func (s *Stats) general() []*shardv1.Stat {
	st, events := s.Region.Stats(), s.Region.Events().Stats()
	var l list
	l.counters("", &st.Counts, region.CmdGet, region.CmdSet, region.CmdFlush, region.CmdTouch)
	l.zero("cmd_meta")
	l.counters("", &st.Counts, region.GetHits, region.GetMisses, region.GetExpired, region.GetFlushed,
		region.DeleteMisses, region.DeleteHits, region.IncrMisses, region.IncrHits, region.DecrMisses, region.DecrHits,
		region.CasMisses, region.CasHits, region.CasBadval, region.TouchHits, region.TouchMisses,
		region.StoreTooLarge, region.StoreNoMemory)
	l.zero("auth_cmds", "auth_errors")
	l.uint("limit_maxbytes", uint64(st.Limit))
	l.zero("hash_power_level")
	l.uint("hash_bytes", uint64(st.IndexBytes))
	l.zero("hash_is_expanding", "slab_reassign_rescues", "slab_reassign_chunk_rescues", "slab_reassign_evictions_nomem",
		"slab_reassign_inline_reclaim", "slab_reassign_busy_items", "slab_reassign_busy_deletes", "slab_reassign_running",
		"slabs_moved", "lru_crawler_running", "lru_crawler_starts", "lru_maintainer_juggles", "malloc_fails",
		"log_worker_dropped")
	l.uint("log_worker_written", events.Written)
	l.uint("log_watcher_skipped", events.Skipped)
	l.uint("log_watcher_sent", events.Written)
	l.uint("log_watchers", uint64(events.Watchers))
	l.zero("unexpected_napi_ids", "round_robin_fallback")
	l.uint("bytes", uint64(st.Bytes))
	l.uint("curr_items", st.Items)
	l.counters("", &st.Counts, region.TotalItems)
	l.zero("slab_global_page_pool")
	l.counters("", &st.Counts, region.ExpiredUnfetched, region.EvictedUnfetched, region.EvictedActive, region.Evictions,
		region.Reclaimed, region.CrawlerReclaimed, region.CrawlerItemsChecked)
	l.zero("lrutail_reflocked", "moves_to_cold", "moves_to_warm", "moves_within_lru", "direct_reclaims", "lru_bumps_dropped")
	l.uint("memactor_shards", uint64(st.Shards))
	l.counters("memactor_", &st.Counts, region.Moved, region.Busy, region.Invalid, region.Panics, region.Mails, region.BusyActors)
	return l
}

// settings are those that are the node's to tell; memory adds up over the nodes.
func (s *Stats) settings() []*shardv1.Stat {
	st := s.Region.Stats()
	var l list
	l.uint("maxbytes", uint64(st.Limit))
	l.text("evictions", onOff(!s.NoEviction))
	l.text("detail_enabled", yesNo(s.Region.Prefixes().On()))
	l.text("track_sizes", yesNo(s.Region.SizesTracked()))
	return l
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// items is all entries as one slab class, which memcached's tools expect.
func (s *Stats) items() []*shardv1.Stat {
	st := s.Region.Stats()
	if st.Items == 0 {
		return nil
	}
	const class = "items:1:"
	var l list
	l.uint(class+"number", st.Items)
	l.zero(class+"number_hot", class+"number_warm")
	l.uint(class+"number_cold", st.Items)
	l.zero(class+"age_hot", class+"age_warm")
	l.uint(class+"age", uint64(max(st.Oldest, 0)))
	l.uint(class+"mem_requested", uint64(st.Bytes))
	l.uint(class+"evicted", st.Counts[region.Evictions])
	l.zero(class+"evicted_nonzero", class+"evicted_time")
	l.uint(class+"outofmemory", st.Counts[region.StoreNoMemory])
	l.zero(class + "tailrepairs")
	l.counters(class, &st.Counts, region.Reclaimed, region.ExpiredUnfetched, region.EvictedUnfetched, region.EvictedActive,
		region.CrawlerReclaimed, region.CrawlerItemsChecked)
	l.zero(class+"lrutail_reflocked", class+"moves_to_cold", class+"moves_to_warm", class+"moves_within_lru", class+"direct_reclaims",
		class+"hits_to_hot", class+"hits_to_warm")
	l.uint(class+"hits_to_cold", st.Counts[region.GetHits])
	l.zero(class + "hits_to_temp")
	return l
}

// sizes is how many entries there are of each size.
func (s *Stats) sizes() []*shardv1.Stat {
	counts, on := s.Region.Sizes()
	var l list
	if !on {
		l.text("sizes_status", "disabled")
		return l
	}
	for _, size := range slices.Sorted(maps.Keys(counts)) {
		l.uint(strconv.Itoa(size), counts[size])
	}
	return l
}

// shards is what each shard holds.
func (s *Stats) shards() []*shardv1.Stat {
	var l list
	for _, h := range s.Region.EachShard() {
		shard := strconv.FormatUint(uint64(h.ID), 10) + ":"
		l.uint(shard+"epoch", h.Epoch)
		l.uint(shard+"items", h.Items)
		l.uint(shard+"bytes", uint64(h.Bytes))
	}
	return l
}

// prefixes is what was counted for each prefix of keys.
func (s *Stats) prefixes() []*shardv1.PrefixStat {
	counts := s.Region.Prefixes().Dump()
	all := make([]*shardv1.PrefixStat, len(counts))
	for i, c := range counts {
		all[i] = &shardv1.PrefixStat{Prefix: []byte(c.Prefix), Gets: c.Gets, Hits: c.Hits, Sets: c.Sets, Deletes: c.Deletes}
	}
	return all
}

func (s *Stats) slabs() []*shardv1.Stat {
	st := s.Region.Stats()
	var l list
	if st.Items > 0 {
		const class = "1:"
		l.uint(class+"chunk_size", uint64(s.MaxItem))
		l.text(class+"chunks_per_page", "1")
		for _, name := range []string{"total_pages", "total_chunks", "used_chunks"} {
			l.uint(class+name, st.Items)
		}
		l.zero(class+"free_chunks", class+"free_chunks_end")
		l.counters(class, &st.Counts, region.GetHits, region.CmdSet, region.DeleteHits, region.IncrHits, region.DecrHits,
			region.CasHits, region.CasBadval, region.TouchHits)
		l.text("active_slabs", "1")
	} else {
		l.zero("active_slabs")
	}
	l.uint("total_malloced", uint64(st.Bytes))
	return l
}
