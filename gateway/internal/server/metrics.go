package server

import "github.com/prometheus/client_golang/prometheus"

// The metrics carry memcached_exporter's names, so that its dashboards work.
var (
	descConns     = prometheus.NewDesc("memcached_current_connections", "Current number of open connections.", nil, nil)
	descMaxConns  = prometheus.NewDesc("memcached_max_connections", "Maximum number of clients allowed.", nil, nil)
	descTotal     = prometheus.NewDesc("memcached_connections_total", "Total number of connections opened since the server started running.", nil, nil)
	descRejected  = prometheus.NewDesc("memcached_connections_rejected_total", "Total number of connections rejected due to hitting the memcached's -c limit.", nil, nil)
	descListenOff = prometheus.NewDesc("memcached_connections_listener_disabled_total", "Number of times that the listener could not accept.", nil, nil)
	descTimedOut  = prometheus.NewDesc("memactor_connections_timed_out_total", "Connections closed for keeping the gateway waiting.", nil, nil)
	descRead      = prometheus.NewDesc("memcached_read_bytes_total", "Total number of bytes read by this server from network.", nil, nil)
	descWritten   = prometheus.NewDesc("memcached_written_bytes_total", "Total number of bytes sent by this server to network.", nil, nil)
)

// Describe makes the server a prometheus.Collector.
func (s *Server) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, ch) }

// Collect makes the server a prometheus.Collector.
func (s *Server) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	counter := func(d *prometheus.Desc, v uint64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	c := &s.counts
	gauge(descConns, s.Conns())
	gauge(descMaxConns, s.opts.MaxConns)
	counter(descTotal, c.total.Load())
	counter(descRejected, c.rejected.Load())
	counter(descListenOff, c.listenDisabled.Load())
	counter(descTimedOut, c.timedOut.Load())
	counter(descRead, c.bytesRead.Load())
	counter(descWritten, c.bytesWritten.Load())
}
