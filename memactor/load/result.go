package load

import "time"

// Result is what a run measured. Its JSON form is what `memactor bench --json` prints.
type Result struct {
	Server      string `json:"server"`
	Protocol    string `json:"protocol"`
	Connections int    `json:"connections"`
	Pipeline    int    `json:"pipeline"`
	Ratio       string `json:"ratio"`
	Keys        int    `json:"keys"`
	Size        int    `json:"size"`
	Multiget    int    `json:"multiget"`

	Seconds       float64 `json:"seconds"`
	OpsPerSecond  float64 `json:"ops_per_second"`  // commands
	KeysPerSecond float64 `json:"keys_per_second"` // keys of those commands: a get of 100 keys is 100

	Sets   uint64 `json:"sets"`
	Gets   uint64 `json:"gets"`   // commands, as memcached does not count them
	Hits   uint64 `json:"hits"`   // keys
	Misses uint64 `json:"misses"` // keys

	Errors  Errors  `json:"errors"`
	Latency Latency `json:"latency_us"`
	// Faults are the first few errors in words.
	Faults []string `json:"faults,omitempty"`
}

// Errors counts what must not happen.
type Errors struct {
	// Refused are commands answered by ERROR, CLIENT_ERROR or SERVER_ERROR.
	Refused uint64 `json:"refused"`
	// Wrong are replies for another key, out of order, with a value that was not stored, or not memcached's protocol.
	Wrong uint64 `json:"wrong"`
	// Broken are connections that the server closed, or that were silent for too long.
	Broken uint64 `json:"broken"`
	// Unanswered are the commands that were in flight on a connection when it was given up.
	Unanswered uint64 `json:"unanswered"`
}

// Sum is 0 for a good run.
func (e Errors) Sum() uint64 { return e.Refused + e.Wrong + e.Broken + e.Unanswered }

// Latency is the time from writing a command to parsing its reply, in microseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// take fills in everything but the rates.
func (r *Result) take(cfg *Config, t *tally) {
	r.Server, r.Protocol = cfg.Server, cfg.Protocol.String()
	r.Connections, r.Pipeline, r.Ratio = cfg.Connections, cfg.Pipeline, cfg.Ratio.String()
	r.Keys, r.Size, r.Multiget = cfg.Keys, cfg.Size, cfg.Multiget
	r.Sets, r.Gets, r.Hits, r.Misses = t.sets, t.gets, t.hits, t.misses
	r.Errors = Errors{Refused: t.refused, Wrong: t.wrong, Broken: t.broken, Unanswered: t.unanswered}
	r.Faults = t.faults
	us := func(nanoseconds int64) float64 { return float64(nanoseconds) / float64(time.Microsecond) }
	r.Latency = Latency{
		P50:  us(t.latency.ValueAtQuantile(50)),
		P99:  us(t.latency.ValueAtQuantile(99)),
		P999: us(t.latency.ValueAtQuantile(99.9)),
		Max:  us(t.latency.Max()),
	}
}
