package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of the systems; kinds of [options].
const (
	memactorName  = "memactor"
	beforeName    = "before"          // only with -baseline
	consulName    = "memactor+consul" // only if -systems names it, as the two below
	stuckName     = "memactor+stuck"
	dumpName      = "memactor+dump"
	twemproxyName = "twemproxy"
	memcachedName = "memcached"
)

// kind is a system that can be started.
type kind struct {
	name string
	// what it consists of, in words.
	about string
	start func(context.Context) (*system, error)
}

// system is a kind that runs: what clients talk to, and the processes behind it.
type system struct {
	name    string
	address string
	// stores are the processes that hold items; fronts are what is before them, if anything; beside is what
	// they need that is in nobody's way.
	stores, fronts, beside []*process
	dir                    string // of configuration and log files; removed at the end
	burden                 burden // of each turn; mostly nil
	noMeta                 bool   // it does not know memcached's meta commands
}

// maxConnections of each server that clients connect to: enough for the idle ones.
const maxConnections = idleConnections + 1000

// megabytes is -m of each process that holds items: far more than the items need, so that nothing is evicted.
const megabytes = "1024"

// chosenSystems are the kinds that the flags name, and last an older memactor, if there is one to compare with.
func chosenSystems(o options) ([]kind, error) {
	all := []kind{
		{memactorName, "gateway + 2 shardnode -m " + megabytes, func(ctx context.Context) (*system, error) { return startMemactor(ctx, memactorName, o.bin) }},
		{consulName, "the same, joined through a Consul agent", func(ctx context.Context) (*system, error) { return startWithConsul(ctx, o.bin) }},
		{stuckName, fmt.Sprintf("memactor beside %d dumps and %d watchers that nobody reads", stuckDumps, stuckWatchers), burdened(stuckName, o.bin, stuckClients)},
		{dumpName, "memactor beside a client that reads dumps of all entries without a pause", burdened(dumpName, o.bin, endlessDumps)},
		{twemproxyName, "nutcracker (ketama, fnv1a_64, 1 connection to each server) + 2 memcached -m " + megabytes, startTwemproxy},
		{memcachedName, "memcached -m " + megabytes + ", its default of 4 threads", startMemcached},
	}
	var chosen []kind
	for name := range strings.SplitSeq(o.systems, ",") {
		i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: %q", errSystem, name)
		}
		chosen = append(chosen, all[i])
	}
	if o.baseline != "" {
		chosen = append(chosen, kind{beforeName, "memactor of an older build", func(ctx context.Context) (*system, error) {
			return startBefore(ctx, o.baseline)
		}})
	}
	return chosen, nil
}

var errSystem = errors.New("no such system")

// startAll starts one of each kind; if one of them fails, none is left.
func startAll(ctx context.Context, kinds []kind) ([]*system, error) {
	var all []*system
	for _, k := range kinds {
		s, err := k.start(ctx)
		if err != nil {
			stopAll(all)
			return nil, fmt.Errorf("starting %s: %w", k.name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func stopAll(all []*system) {
	for _, s := range all {
		s.stop()
	}
}

// newSystem calls build to start the processes, and cleans up if it fails.
func newSystem(name string, build func(*system) error) (*system, error) {
	dir, err := os.MkdirTemp("", "memactor-bench-")
	if err != nil {
		return nil, err
	}
	s := &system{name: name, dir: dir}
	if err := build(s); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// startMemactor starts a gateway and two shard nodes that know each other by a static list.
func startMemactor(ctx context.Context, name, bin string) (*system, error) {
	return newSystem(name, func(s *system) error {
		at, err := freeAddresses(6)
		if err != nil {
			return err
		}
		return s.addMemactor(ctx, bin, at, "--node", "n1="+at[0], "--node", "n2="+at[1])
	})
}

// startWithConsul starts the same around a Consul agent.
func startWithConsul(ctx context.Context, bin string) (*system, error) {
	return newSystem(consulName, func(s *system) error {
		at, err := freeAddresses(9)
		if err != nil {
			return err
		}
		agent, err := start("consul", filepath.Join(bin, "consul"), "agent", "-dev", "-log-level", "warn", "-client", "127.0.0.1",
			"-bind", "127.0.0.1", "-dns-port", "-1", "-grpc-port", "-1", "-grpc-tls-port", "-1", "-serf-wan-port", "-1",
			"-http-port", portOf(at[6]), "-server-port", portOf(at[7]), "-serf-lan-port", portOf(at[8]))
		if err != nil {
			return fmt.Errorf("%w; `make consul` builds it", err)
		}
		s.beside = append(s.beside, agent)
		return s.addMemactor(ctx, bin, at, "--consul", at[6])
	})
}

// addMemactor starts a gateway and two shard nodes at the first six of the addresses, which join as told.
func (s *system) addMemactor(ctx context.Context, bin string, at []string, join ...string) error {
	gateway, shardnode := filepath.Join(bin, "gateway"), filepath.Join(bin, "shardnode")
	for _, program := range []string{gateway, shardnode} {
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("%w; `make build` builds it", err)
		}
	}
	for i, id := range []string{"n1", "n2"} {
		args := append([]string{"--id", id, "--grpc", at[i], "--admin", at[2+i], "-m", megabytes, "--log-level", "warn"}, join...)
		if err := s.addStore(id, shardnode, args...); err != nil {
			return err
		}
	}
	s.address = at[4]
	args := append([]string{"-l", "127.0.0.1", "-p", portOf(s.address), "--admin", at[5],
		"-c", strconv.Itoa(maxConnections), "--log-level", "warn"}, join...)
	if err := s.addFront("gateway", gateway, args...); err != nil {
		return err
	}
	return errors.Join(s.stores[0].awaitReady(ctx, at[2]), s.stores[1].awaitReady(ctx, at[3]), s.fronts[0].awaitReady(ctx, at[5]))
}

// startTwemproxy starts nutcracker with the configuration that its README recommends for memcached.
func startTwemproxy(ctx context.Context) (*system, error) {
	nutcracker, err := debian("nutcracker", "/usr/sbin/nutcracker")
	if err != nil {
		return nil, err
	}
	return newSystem(twemproxyName, func(s *system) error {
		s.noMeta = true
		var servers []string
		for _, name := range []string{"memcached 1", "memcached 2"} {
			address, err := s.addMemcached(ctx, name)
			if err != nil {
				return err
			}
			servers = append(servers, address)
		}
		at, err := freeAddresses(2)
		if err != nil {
			return err
		}
		s.address = at[0]
		config := filepath.Join(s.dir, "nutcracker.yml")
		if err := os.WriteFile(config, []byte(twemproxyConfig(s.address, servers)), 0o600); err != nil {
			return err
		}
		if err := s.addFront(twemproxyName, nutcracker, "-c", config, "-a", "127.0.0.1", "-s", portOf(at[1]),
			"-o", filepath.Join(s.dir, "log"), "-p", filepath.Join(s.dir, "pid")); err != nil {
			return err
		}
		return s.fronts[0].awaitListening(ctx, s.address)
	})
}

func twemproxyConfig(listen string, servers []string) string {
	return "bench:\n  listen: " + listen + `
  hash: fnv1a_64
  distribution: ketama
  auto_eject_hosts: false
  server_connections: 1
  backlog: 1024
  servers:
   - ` + strings.Join(servers, ":1\n   - ") + ":1\n"
}

func startMemcached(ctx context.Context) (*system, error) {
	return newSystem(memcachedName, func(s *system) (err error) {
		s.address, err = s.addMemcached(ctx, memcachedName)
		return err
	})
}

// addMemcached starts one memcached and returns its address once it listens.
func (s *system) addMemcached(ctx context.Context, name string) (string, error) {
	path, err := debian("memcached", "/usr/bin/memcached")
	if err != nil {
		return "", err
	}
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	args := []string{"-l", "127.0.0.1", "-p", portOf(address), "-U", "0", "-m", megabytes, "-c", strconv.Itoa(maxConnections)}
	if os.Geteuid() == 0 {
		// It refuses to be root unless told so; and a process that becomes somebody else outlives its parent.
		args = append(args, "-u", "root")
	}
	if err := s.addStore(name, path, args...); err != nil {
		return "", err
	}
	return address, s.stores[len(s.stores)-1].awaitListening(ctx, address)
}

func (s *system) addStore(name, path string, args ...string) error {
	p, err := start(name, path, args...)
	if err == nil {
		s.stores = append(s.stores, p)
	}
	return err
}

func (s *system) addFront(name, path string, args ...string) error {
	p, err := start(name, path, args...)
	if err == nil {
		s.fronts = append(s.fronts, p)
	}
	return err
}

// stop ends all processes, those in front first, and removes the system's files.
func (s *system) stop() {
	for _, p := range s.processes() {
		p.stop()
	}
	_ = os.RemoveAll(s.dir)
}

func (s *system) processes() []*process {
	return slices.Concat(s.fronts, s.stores, s.beside)
}

// cpu is what all processes of the system have used so far.
func (s *system) cpu() (time.Duration, error) {
	sum := time.Duration(0)
	for _, p := range s.processes() {
		used, err := p.cpu()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// rss is the resident memory of some of its processes, in bytes.
func rss(processes []*process) (int64, error) {
	sum := int64(0)
	for _, p := range processes {
		bytes, err := p.rss()
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	return sum, nil
}

// awaitListening waits until something accepts connections at address.
func (p *process) awaitListening(ctx context.Context, address string) error {
	return p.await(ctx, "listening on "+address, func() bool {
		dialer := net.Dialer{Timeout: time.Second}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// awaitReady waits until the admin port says that the process can do its job.
func (p *process) awaitReady(ctx context.Context, admin string) error {
	return p.await(ctx, "ready", func() bool {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/readyz", nil)
		if err != nil {
			return false
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, response.Body)
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
}

// debian is the path of a program that a Debian package of the same name brings.
func debian(name, usual string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if _, err := os.Stat(usual); err != nil { // sbin is not in everyone's PATH
		return "", fmt.Errorf("%w; on Debian: apt-get install %s", err, name)
	}
	return usual, nil
}
