package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memactor/memactor/memactor/load"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{1, 100, 3, 2}, 2.5},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("%v: %v", test.values, got)
		}
	}
}

func TestASampleIsPerMillion(t *testing.T) {
	r := &load.Result{OpsPerSecond: 500_000, KeysPerSecond: 2_000_000, Seconds: 2, Latency: load.Latency{P50: 1, P99: 2}}
	s := newSample(cell{}, r, 3, 1)
	if s.rate != 500_000 || math.Abs(s.serverCPU-3) > 1e-9 || s.clientCPU != 0.5 || s.p50 != 1 || s.p99 != 2 {
		t.Errorf("%+v", s)
	}
	s = newSample(cell{multiget: 100}, r, 3, 1)
	if s.rate != 2_000_000 || math.Abs(s.serverCPU-0.75) > 1e-9 {
		t.Errorf("%+v", s)
	}
}

// measured is a comparison with these rates and p99s, in three rounds around them.
func measured(c cell, ourRate, ourP99, theirRate, theirP99 float64) comparison {
	three := func(rate, p99 float64) samples {
		return samples{{rate: rate * 1.1, p99: p99}, {rate: rate, p99: p99 * 2}, {rate: rate * 0.9, p99: p99 / 2}}
	}
	return comparison{cell: c, systems: []string{memactorName, twemproxyName}, of: map[string]samples{
		memactorName: three(ourRate, ourP99), twemproxyName: three(theirRate, theirP99),
	}}
}

func TestVerdictsOfACell(t *testing.T) {
	c := cell{name: "50 x 32", goal: 2, aim: 2.5, tail: true}
	tests := []struct {
		name            string
		ourRate, ourP99 float64
		want            [3]bool // goal, aim, p99
	}{
		{"all", 250_000, 10, [3]bool{true, true, true}},
		{"not the aim", 249_000, 10, [3]bool{true, false, true}},
		{"none", 199_000, 10.1, [3]bool{false, false, false}},
		{"rate only", 300_000, 20, [3]bool{true, true, false}},
		{"p99 only", 100_000, 5, [3]bool{false, false, true}},
	}
	for _, test := range tests {
		got := measured(c, test.ourRate, test.ourP99, 100_000, 10).verdicts()
		if len(got) != 3 {
			t.Fatalf("%s: %v", test.name, got)
		}
		if reached := [3]bool{got[0].reached, got[1].reached, got[2].reached}; reached != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	alone := comparison{cell: c, of: map[string]samples{memactorName: {{rate: 1}}}}
	if got := alone.verdicts(); got != nil {
		t.Errorf("without twemproxy: %+v", got)
	}
}

func TestVerdictsOfFootprints(t *testing.T) {
	memcached := footprint{system: memcachedName, perItem: 200}
	good := footprint{system: memactorName, perItem: 180, growth: 0.01, perConnection: 4096}
	bad := footprint{system: memactorName, perItem: 181, growth: 0.011, perConnection: 4097}
	for _, v := range footprintVerdicts([]footprint{good, memcached}) {
		if !v.reached || v.missed() || !strings.HasSuffix(v.String(), " reached") {
			t.Errorf("%v", v)
		}
	}
	verdicts := footprintVerdicts([]footprint{memcached, bad})
	if len(verdicts) != 3 {
		t.Errorf("%+v", verdicts)
	}
	for _, v := range verdicts {
		if v.reached || v.missed() != (v.kind == goalKind) || !strings.HasSuffix(v.String(), " NOT reached") {
			t.Errorf("%v", v)
		}
	}
	if got := footprintVerdicts([]footprint{memcached}); got != nil {
		t.Errorf("without memactor: %+v", got)
	}
}

func TestTheReportPrintsAndKeepsTables(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out, reached: true}
	r.linef("- a list of %d", 1)
	c := measured(cell{name: "50 x 32", goal: 2, aim: 3}, 250_000, 1500, 100_000, 1000)
	r.table(cellTable(c), c.verdicts())
	r.table(memoryTable([]footprint{{system: "memactor", perItem: 123.4, perConnection: 4000, growth: 0.0012}}), nil)
	for _, want := range []string{
		"50 x 32", "k ops/s", "│ memactor  │     250 │        225 .. 275 │         2.50 │", "│         1.00 │", "1.50 ms",
		"- goal: ratio >= 2 reached", "- aim: ratio >= 3 NOT reached", "│            123 │                      4000 │          +0.12 % │",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	path := filepath.Join(t.TempDir(), "b.md")
	if err := r.save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 50 x 32 | k ops/s |", "| --- | ---:", "| memactor | 250 |", "- goal: ratio"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if !r.reached {
		t.Error("all goals are reached; aims do not count")
	}
	missed := measured(cell{goal: 3}, 2, 1, 1, 1)
	r.table(cellTable(missed), missed.verdicts())
	if r.reached {
		t.Error("a goal was missed")
	}
	if err := r.save(""); err != nil {
		t.Error(err)
	}
}

func TestWithoutABaseThereIsNoRatio(t *testing.T) {
	c := comparison{systems: []string{memcachedName}, of: map[string]samples{memcachedName: {{rate: 1000}}}}
	if text := cellTable(c).Render(); !strings.Contains(text, " - │") {
		t.Errorf("%s", text)
	}
}

func TestRatiosToTheOlderBuild(t *testing.T) {
	c := measured(cell{name: "1 x 1 meta", protocol: load.Meta}, 300, 1, 100, 1)
	c.systems = []string{memactorName, memcachedName, beforeName}
	c.of[memcachedName], c.of[beforeName] = samples{{rate: 600}}, samples{{rate: 200}}
	text := cellTable(c).RenderMarkdown()
	for _, want := range []string{"| to memcached | to before |", "| 0.50 | 1.50 |", "| 1.00 | 3.00 |", "| 0.33 | 1.00 |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestCells(t *testing.T) {
	if n := len(chosenCells("")); n != 7 {
		t.Errorf("%d cells", n)
	}
	if got := chosenCells("100 keys"); len(got) != 1 || got[0].unit() != "keys" {
		t.Errorf("%+v", got)
	}
	if got := chosenCells("50 x 32"); len(got) != 1 || got[0].protocol != load.Text {
		t.Errorf("a whole name is one cell: %+v", got)
	}
	if got := chosenCells("meta"); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	for _, c := range allCells() {
		cfg := c.load("127.0.0.1:1", 1e9, 1)
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
