package service

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/memactor/memactor/shardnode/internal/region"
)

// The metrics carry memcached_exporter's names, so that its dashboards work.
var (
	descCommands  = prometheus.NewDesc("memcached_commands_total", "Total number of all requests broken down by command (get, set, etc.) and status.", []string{"command", "status"}, nil)
	descBytes     = prometheus.NewDesc("memcached_current_bytes", "Current number of bytes used to store items.", nil, nil)
	descLimit     = prometheus.NewDesc("memcached_limit_bytes", "Number of bytes this server is allowed to use for storage.", nil, nil)
	descItems     = prometheus.NewDesc("memcached_current_items", "Current number of items stored by this instance.", nil, nil)
	descTotal     = prometheus.NewDesc("memcached_items_total", "Total number of items stored during the life of this instance.", nil, nil)
	descEvicted   = prometheus.NewDesc("memcached_items_evicted_total", "Total number of valid items removed from cache to free memory for new items.", nil, nil)
	descReclaimed = prometheus.NewDesc("memcached_items_reclaimed_total", "Total number of times an entry was stored using memory from an expired entry.", nil, nil)
	descShards    = prometheus.NewDesc("memactor_shards", "Shards that the node hosts.", nil, nil)
	descRefused   = prometheus.NewDesc("memactor_envelopes_not_executed_total", "Envelopes that were answered without being executed.", []string{"reason"}, nil)
	descPanics    = prometheus.NewDesc("memactor_actor_panics_total", "Turns of key actors that panicked.", nil, nil)
	descMails     = prometheus.NewDesc("memactor_actor_mails_total", "Envelopes that waited in an actor's mailbox.", nil, nil)
)

// commands are the counters behind memcached_commands_total.
var commands = []struct {
	command, status string
	counter         region.Counter
}{
	{"get", "hit", region.GetHits}, {"get", "miss", region.GetMisses},
	{"set", "hit", region.CmdSet},
	{"delete", "hit", region.DeleteHits}, {"delete", "miss", region.DeleteMisses},
	{"incr", "hit", region.IncrHits}, {"incr", "miss", region.IncrMisses},
	{"decr", "hit", region.DecrHits}, {"decr", "miss", region.DecrMisses},
	{"cas", "hit", region.CasHits}, {"cas", "miss", region.CasMisses}, {"cas", "badval", region.CasBadval},
	{"touch", "hit", region.TouchHits}, {"touch", "miss", region.TouchMisses},
	{"flush", "hit", region.CmdFlush},
}

// Describe makes the statistics a prometheus.Collector.
func (s *Stats) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, ch) }

// Collect makes the statistics a prometheus.Collector.
func (s *Stats) Collect(ch chan<- prometheus.Metric) {
	st := s.Region.Stats()
	emit := func(d *prometheus.Desc, kind prometheus.ValueType, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, float64(v), labels...)
	}
	for _, c := range commands {
		emit(descCommands, prometheus.CounterValue, st.Counts[c.counter], c.command, c.status)
	}
	emit(descBytes, prometheus.GaugeValue, uint64(st.Bytes))
	emit(descLimit, prometheus.GaugeValue, uint64(st.Limit))
	emit(descItems, prometheus.GaugeValue, st.Items)
	emit(descShards, prometheus.GaugeValue, uint64(st.Shards))
	emit(descTotal, prometheus.CounterValue, st.Counts[region.TotalItems])
	emit(descEvicted, prometheus.CounterValue, st.Counts[region.Evictions])
	emit(descReclaimed, prometheus.CounterValue, st.Counts[region.Reclaimed])
	emit(descPanics, prometheus.CounterValue, st.Counts[region.Panics])
	emit(descMails, prometheus.CounterValue, st.Counts[region.Mails])
	for _, c := range []region.Counter{region.Moved, region.Busy, region.Invalid} {
		emit(descRefused, prometheus.CounterValue, st.Counts[c], c.String())
	}
}
