package load

import (
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"
)

// Errors of a configuration; each is wrapped with the value that is wrong.
var (
	ErrServer = errors.New("bad server address")
	ErrRange  = errors.New("out of range")
	ErrRatio  = errors.New("bad ratio")
)

// Limits of what the generator accepts: beyond them a typing error is more likely than a wish.
const (
	maxConnections = 50_000
	maxPipeline    = 100_000
	maxMultiget    = 10_000
	maxKeys        = 1_000_000_000
	maxSize        = 1 << 30
	maxThreads     = 64
	// maxKeysInFlight bounds Pipeline*Multiget, the keys that one connection waits for.
	maxKeysInFlight = 10_000_000
)

// Ratio is how many sets go with how many gets, as in memtier's --ratio: {1, 10} sends one set, then ten gets.
type Ratio struct {
	Sets, Gets int
}

// ParseRatio reads "SETS:GETS".
func ParseRatio(text string) (Ratio, error) {
	left, right, found := strings.Cut(text, ":")
	sets, err1 := strconv.ParseUint(left, 10, 16)
	gets, err2 := strconv.ParseUint(right, 10, 16)
	if !found || err1 != nil || err2 != nil || sets+gets == 0 {
		return Ratio{}, fmt.Errorf("%w %q: want SETS:GETS, for example 1:10", ErrRatio, text)
	}
	return Ratio{Sets: int(sets), Gets: int(gets)}, nil
}

// String is the form that ParseRatio reads.
func (r Ratio) String() string { return fmt.Sprintf("%d:%d", r.Sets, r.Gets) }

// Config says what to send, where and for how long.
type Config struct {
	// Server is host:port, or the path of a unix socket (anything with a slash in it).
	Server string
	// Protocol is what the server is spoken to in.
	Protocol Protocol
	// Connections are all opened before the clock starts, or there is no run. One that breaks later is not replaced.
	Connections int
	// Pipeline is how many commands each connection keeps in flight.
	Pipeline int
	// Ratio of sets to gets.
	Ratio Ratio
	// Keys is the size of the key space; keys are drawn uniformly.
	Keys int
	// Size of each value in bytes.
	Size int
	// Multiget is the number of keys of each get; 0 and 1 are both the plain get of one key.
	Multiget int
	// Duration of the measurement. What is in flight at its end is awaited, and not counted as time.
	Duration time.Duration
	// Populate stores every key once before the clock starts, so that gets hit.
	Populate bool
	// Threads is the number of event loops. One is right unless it uses a whole core: the generator takes its CPU from
	// the server that it measures.
	Threads int
	// Timeout bounds connecting, and the wait for the oldest unanswered command of a connection.
	Timeout time.Duration
	// Seed of the random keys: the same seed asks for the same keys.
	Seed uint64
	// Progress, if set, is told about once every 100 ms how many commands have been answered. It runs on a goroutine of
	// its own, and is never called again after Run returns.
	Progress func(Progress)
}

// Default is a short run against a memcached on its usual port.
func Default() Config {
	return Config{
		Server:      "127.0.0.1:11211",
		Connections: 50,
		Pipeline:    1,
		Ratio:       Ratio{Sets: 1, Gets: 10},
		Keys:        100_000,
		Size:        100,
		Duration:    10 * time.Second,
		Threads:     1,
		Timeout:     5 * time.Second,
		Seed:        1,
	}
}

// Validate names the first field that makes no sense.
func (c *Config) Validate() error {
	if _, _, err := c.endpoint(); err != nil {
		return err
	}
	if c.Ratio.Sets < 0 || c.Ratio.Gets < 0 || c.Ratio.Sets+c.Ratio.Gets == 0 {
		return fmt.Errorf("%w %v: want SETS:GETS, for example 1:10", ErrRatio, c.Ratio)
	}
	return errors.Join(
		within("protocol", int(c.Protocol), int(Text), int(Meta)),
		within("connections", c.Connections, 1, maxConnections),
		within("pipeline", c.Pipeline, 1, maxPipeline),
		within("keys", c.Keys, 1, maxKeys),
		within("size", c.Size, 1, maxSize),
		within("multiget", c.Multiget, 0, maxMultiget),
		within("pipeline x multiget", c.Pipeline*c.stride(), 1, maxKeysInFlight),
		within("threads", c.Threads, 1, maxThreads),
		within("duration in milliseconds", int(c.Duration.Milliseconds()), 1, math.MaxInt32),
		within("timeout in milliseconds", int(c.Timeout.Milliseconds()), 1, math.MaxInt32),
	)
}

// stride is how many keys one command names at most.
func (c *Config) stride() int { return max(1, c.Multiget) }

// endpoint is Server as the net package names it.
func (c *Config) endpoint() (network, address string, err error) {
	if strings.Contains(c.Server, "/") {
		return "unix", c.Server, nil
	}
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		return "", "", fmt.Errorf("%w %q: want host:port or the path of a unix socket", ErrServer, c.Server)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", "", fmt.Errorf("%w %q: port %q is not 1 to 65535", ErrServer, c.Server, port)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return "tcp", net.JoinHostPort(host, port), nil
}

func within(name string, value, low, high int) error {
	if value < low || value > high {
		return fmt.Errorf("%s %d %w: want %d to %d", name, value, ErrRange, low, high)
	}
	return nil
}

// Progress is a look at a run under way.
type Progress struct {
	// Phase is "populate" or "measure".
	Phase string
	// Done is the part of the phase that is over, 0 to 1.
	Done float64
	// Answers is the number of commands answered in this phase.
	Answers uint64
}
