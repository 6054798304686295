package main

import (
	"slices"

	"github.com/memactor/memactor/memactor/load"
)

// sample is what one turn of one system in one cell gave.
type sample struct {
	rate       float64 // ops or keys a second
	p50, p99   float64 // microseconds
	serverCPU  float64 // seconds of CPU for a million ops or keys, all processes of the system
	clientCPU  float64 // cores that the generator used
	hits, keys uint64
}

// newSample divides the CPU times (seconds) by what was done in them.
func newSample(c cell, r *load.Result, serverCPU, clientCPU float64) sample {
	return sample{
		rate:      c.rate(r),
		p50:       r.Latency.P50,
		p99:       r.Latency.P99,
		serverCPU: serverCPU / (c.rate(r) * r.Seconds) * 1e6,
		clientCPU: clientCPU / r.Seconds,
		hits:      r.Hits,
		keys:      r.Hits + r.Misses,
	}
}

// samples are those of all rounds.
type samples []sample

// median of one figure of the samples.
func (s samples) median(of func(sample) float64) float64 {
	values := make([]float64, len(s))
	for i := range s {
		values[i] = of(s[i])
	}
	return median(values)
}

// span is the least and the greatest rate.
func (s samples) span() (low, high float64) {
	low, high = s[0].rate, s[0].rate
	for _, one := range s {
		low, high = min(low, one.rate), max(high, one.rate)
	}
	return low, high
}

// median is the middle of values, or the mean of the two in the middle; 0 for none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func rateOf(s sample) float64      { return s.rate }
func p50Of(s sample) float64       { return s.p50 }
func p99Of(s sample) float64       { return s.p99 }
func serverCPUOf(s sample) float64 { return s.serverCPU }
func clientCPUOf(s sample) float64 { return s.clientCPU }
