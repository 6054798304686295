// Package daemon is what every process of memactor needs around its work:
// one configuration struct read from flags, environment and a YAML file, a
// logger, the admin port, gRPC middleware, and an orderly start and end. It
// knows nothing of memcached, shards or keys.
//
// A process is a [Spec]; a main function is three lines:
//
//	cfg := gateway.Default()
//	cmd := daemon.Command(daemon.Spec{Name: "gateway", Config: &cfg, Run: ...})
//	daemon.Main(cmd)
//
// The life of a process:
//
//  1. [Command] reads the fields of the config struct and makes a flag of each.
//  2. The values are layered: defaults < YAML file < environment < flags. A key
//     that the struct does not have is an error in every layer.
//  3. Validate is asked, the logger built, the admin port opened.
//  4. Run is called with a [Process]: the logger, a metrics registry, and the
//     [Readiness] to which each part adds its own check.
//  5. SIGHUP: what the parts have added to [Reloads] is read again.
//  6. SIGTERM or SIGINT: /readyz says no, Run's context ends, Run drains and
//     returns, the admin port closes, exit 0. A second signal, or a drain that
//     takes too long, ends the process at once with exit 1.
package daemon
