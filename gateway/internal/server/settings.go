package server

// inert are the lines of memcached's stats settings that have no meaning here. Tools that print all of them, or look for
// one, find them at the value that is nearest to the truth.
//
//nolint:gochecknoglobals // a table that is never written to
var inert = []Stat{
	{"verbosity", "0"}, {"oldest", "0"}, {"growth_factor", "1.25"}, {"chunk_size", "48"}, {"num_threads_per_udp", "0"},
	{"reqs_per_event", "20"}, {"binding_protocol", "auto-negotiate"}, {"auth_enabled_sasl", "no"}, {"auth_enabled_ascii", "no"},
	{"shutdown_command", "no"}, {"flush_enabled", "yes"}, {"dump_enabled", "yes"}, {"stat_key_prefix", ":"},
	{"tcp_backlog", "1024"}, {"hashpower_init", "0"}, {"slab_reassign", "no"}, {"slab_automove", "0"},
	{"slab_automove_ratio", "0.80"}, {"slab_automove_window", "30"}, {"slab_chunk_max", "0"}, {"lru_crawler", "yes"},
	{"lru_crawler_sleep", "0"}, {"lru_crawler_tocrawl", "0"}, {"tail_repair_time", "0"}, {"hash_algorithm", "xxhash64"},
	{"lru_maintainer_thread", "no"}, {"lru_segmented", "no"}, {"hot_lru_pct", "0"}, {"warm_lru_pct", "0"},
	{"hot_max_factor", "0.00"}, {"warm_max_factor", "0.00"}, {"temp_lru", "no"}, {"temporary_ttl", "0"}, {"idle_timeout", "0"},
	{"watcher_logbuf_size", "262144"}, {"worker_logbuf_size", "65536"}, {"read_buf_mem_limit", "0"},
	{"inline_ascii_response", "no"}, {"ext_item_size", "0"}, {"ext_item_age", "0"}, {"ext_low_ttl", "0"},
	{"ext_recache_rate", "0"}, {"ext_wbuf_size", "0"}, {"ext_compact_under", "0"}, {"ext_drop_under", "0"},
	{"ext_max_sleep", "0"}, {"ext_max_frag", "0.00"}, {"slab_automove_freeratio", "0.010"}, {"ext_drop_unread", "no"},
	{"ssl_enabled", "no"}, {"ssl_chain_cert", "(null)"}, {"ssl_key", "(null)"}, {"ssl_verify_mode", "0"},
	{"ssl_keyformat", "1"}, {"ssl_ciphers", "NULL"}, {"ssl_ca_cert", "NULL"}, {"ssl_wbuf_size", "0"},
	{"ssl_session_cache", "no"}, {"ssl_kernel_tls", "no"}, {"ssl_min_version", "tlsv1.2"}, {"num_napi_ids", "(null)"},
	{"memory_file", "(null)"},
}

// withInert adds what own does not tell.
func withInert(own []Stat) []Stat {
	told := map[string]bool{}
	for _, st := range own {
		told[st.Name] = true
	}
	all := append([]Stat(nil), own...)
	for _, st := range inert {
		if !told[st.Name] {
			all = append(all, st)
		}
	}
	return all
}
