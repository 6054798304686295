package gateway

import (
	"fmt"

	"github.com/memactor/memactor/cluster/daemon"
)

// Compatible are settings for scripts that were written for memcached.
type Compatible struct {
	// Extended is memcached's -o; Memcached has the names.
	Extended []string `name:"extended" short:"o" usage:"memcached's extended options, NAME=VALUE,..."`

	// UDPPort is there because scripts turn UDP off.
	UDPPort int `name:"udp-port" short:"U" usage:"0: there is no UDP" range:"0..0"`

	// PidFile is written when clients are served, and removed at the end.
	PidFile string `name:"pidfile" short:"P" usage:"write the process id to this file"`

	// PrefixDelimiter ends the part of a key by which stats detail counts.
	PrefixDelimiter string `name:"prefix-delimiter" short:"D" usage:"character between prefix and rest of a key, for stats detail"`
}

func (c Compatible) checkCompatible() error {
	if len(c.PrefixDelimiter) != 1 {
		return fmt.Errorf("%w: prefix-delimiter %q: allowed: one character", daemon.ErrConfig, c.PrefixDelimiter)
	}
	return nil
}

// Memcached is the part of memcached's command line that is not the gateway's own:
// what scripts that start a memcached say. The table is in docs/protocol.md, Options.
func Memcached() daemon.Foreign {
	return daemon.Foreign{
		Names: map[string]string{
			"conn-limit": "max-connections", "unix-socket": "socket", "unix-mask": "socket-mode",
		},
		OptionsIn: "extended",
		Options: map[string]string{
			"idle_timeout": "idle-timeout", "ssl_chain_cert": "ssl-chain-cert", "ssl_key": "ssl-key",
			"ssl_keyformat": "ssl-keyformat", "ssl_verify_mode": "ssl-verify-mode", "ssl_ca_cert": "ssl-ca-cert",
			"ssl_ciphers": "ssl-ciphers", "ssl_min_version": "ssl-min-version", "ssl_session_cache": "ssl-session-cache",
		},
		Idle: []string{
			"maxconns_fast", "no_maxconns_fast", "hashpower", "no_hashexpand", "hash_algorithm", "tail_repair_time",
			"lru_crawler", "no_lru_crawler", "lru_crawler_sleep", "lru_crawler_tocrawl", "lru_maintainer", "no_lru_maintainer",
			"hot_lru_pct", "warm_lru_pct", "hot_max_factor", "warm_max_factor", "temporary_ttl", "track_sizes",
			"slab_reassign", "no_slab_reassign", "slab_automove", "no_slab_automove", "slab_automove_ratio",
			"slab_automove_window", "slab_automove_freeratio", "slab_chunk_max", "slab_sizes", "no_chunked_items",
			"read_buf_mem_limit", "resp_obj_mem_limit", "watcher_logbuf_size", "worker_logbuf_size", "modern", "no_modern",
			"inline_ascii_resp", "no_inline_ascii_resp", "drop_privileges", "no_drop_privileges", "sock_cookie_id",
			"ssl_wbuf_size", "ssl_kernel_tls",
		},
		Refused: []daemon.Refused{
			{Short: "d", Name: "daemon", Switch: true, Instead: "let systemd or a container keep it running"},
			{Short: "u", Name: "user", Instead: "start it as that user (systemd: User=)"},
			{Short: "k", Name: "lock-memory", Switch: true, Instead: "items are in the shard nodes; turn swap off on their machines"},
			{Short: "r", Name: "enable-coredumps", Switch: true, Instead: "set ulimit -c, and GOTRACEBACK=crash"},
			{Short: "L", Name: "enable-largepages", Switch: true, Instead: "leave it out: Go uses large pages as the system allows"},
			{Short: "m", Name: "memory-limit", Instead: "items are in the shard nodes: shardnode -m"},
			{Short: "M", Name: "disable-evictions", Switch: true, Instead: "items are in the shard nodes: shardnode -M"},
			{Short: "C", Name: "disable-cas", Switch: true, Instead: "leave it out: cas uniques cost nothing here"},
			{Short: "S", Name: "enable-sasl", Switch: true, Instead: "-Y FILE: its users are those of SASL, too"},
			{Short: "i", Name: "license", Switch: true, Instead: "the licence is Apache-2.0"},
			{Short: "f", Name: "slab-growth-factor", Instead: "leave it out: there are no slab classes"},
			{Short: "n", Name: "slab-min-size", Instead: "leave it out: there are no slab classes"},
			{Short: "e", Name: "memory-file", Instead: "leave it out: nothing is kept on disk"},
			{Short: "N", Name: "napi-ids", Instead: "leave it out: connections are not bound to threads"},
		},
	}
}
