package main

import (
	"strings"
	"time"

	"github.com/memactor/memactor/memactor/load"
)

// cell is one kind of load.
type cell struct {
	name        string
	connections int
	pipeline    int
	multiget    int
	protocol    load.Protocol
	// goal is the least ratio to twemproxy's throughput; aim is the one that is wanted in the end. Where twemproxy cannot
	// take part there is neither.
	goal, aim float64
	// tail asks for a p99 that is no worse than twemproxy's.
	tail bool
}

// The size of the data in all cells: everything fits, every get hits.
const (
	keys      = 100_000
	valueSize = 100
)

// allCells are the loads of the goals, in the order in which they are run.
func allCells() []cell {
	return []cell{
		{name: "50 x 32", connections: 50, pipeline: 32, goal: 2.0, aim: 2.5, tail: true},
		{name: "50 x 1", connections: 50, pipeline: 1, goal: 0.9, aim: 1.1},
		{name: "1 x 32", connections: 1, pipeline: 32, goal: 0.9, aim: 1.1},
		{name: "1 x 1", connections: 1, pipeline: 1, goal: 0.8, aim: 1.0},
		{name: "10 x 1, 100 keys a get", connections: 10, pipeline: 1, multiget: 100, goal: 1.0, aim: 1.5},
		{name: "50 x 32 meta", connections: 50, pipeline: 32, protocol: load.Meta},
		{name: "1 x 1 meta", connections: 1, pipeline: 1, protocol: load.Meta},
	}
}

// chosenCells are the one of this name, or else those whose name holds text.
func chosenCells(text string) []cell {
	var chosen []cell
	for _, c := range allCells() {
		if c.name == text {
			return []cell{c}
		}
		if strings.Contains(c.name, text) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// load is the cell against one server.
func (c cell) load(server string, duration time.Duration, seed uint64) load.Config {
	cfg := load.Default()
	cfg.Server = server
	cfg.Protocol = c.protocol
	cfg.Connections, cfg.Pipeline, cfg.Multiget = c.connections, c.pipeline, c.multiget
	cfg.Keys, cfg.Size = keys, valueSize
	cfg.Duration = duration
	cfg.Seed = seed
	if c.multiget > 0 {
		cfg.Ratio = load.Ratio{Sets: 0, Gets: 1}
	}
	return cfg
}

// takes tells whether the system can be asked what is asked here.
func (c cell) takes(s *system) bool { return c.protocol != load.Meta || !s.noMeta }

// base is the system that the ratios of the cell are to.
func (c cell) base() string {
	if c.protocol == load.Meta {
		return memcachedName
	}
	return twemproxyName
}

// rate is the throughput that counts in this cell: keys where a get has many.
func (c cell) rate(r *load.Result) float64 {
	if c.multiget > 0 {
		return r.KeysPerSecond
	}
	return r.OpsPerSecond
}

// unit is what rate counts.
func (c cell) unit() string {
	if c.multiget > 0 {
		return "keys"
	}
	return "ops"
}
