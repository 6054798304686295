package load

import (
	"fmt"
	"testing"
	"time"
)

func TestLatenciesAreCountedInRunsAndAlone(t *testing.T) {
	counts := newTally()
	for _, ns := range []int64{5000, 5000, 5000, 7000, 5000} {
		counts.answered(ns)
	}
	counts.flush()
	counts.flush() // twice is once
	if n := counts.latency.TotalCount(); n != 5 {
		t.Errorf("%d values", n)
	}
	if p := counts.latency.ValueAtQuantile(80); p/100 != 50 {
		t.Errorf("p80 is %d ns", p)
	}
}

func TestLatenciesOutsideTheBoundsAreCountedAtTheBound(t *testing.T) {
	counts := newTally()
	counts.answered(-1)
	counts.answered(int64(2 * maxLatency))
	counts.flush()
	if n := counts.latency.TotalCount(); n != 2 {
		t.Fatalf("%d values", n)
	}
	if top := time.Duration(counts.latency.Max()); top < maxLatency || top > maxLatency*11/10 {
		t.Errorf("max is %v", top)
	}
}

func TestTalliesAdd(t *testing.T) {
	a, b := newTally(), newTally()
	a.sets, a.gets, a.hits, a.misses, a.refused, a.wrong, a.broken, a.unanswered = 1, 2, 3, 4, 5, 6, 7, 8
	b.sets, b.gets, b.hits, b.misses, b.refused, b.wrong, b.broken, b.unanswered = 10, 20, 30, 40, 50, 60, 70, 80
	a.answered(1000)
	b.answered(9000)
	b.faultf("%d bottles", 99)
	sum := newTally()
	sum.add(a)
	sum.add(b)
	want := tally{sets: 11, gets: 22, hits: 33, misses: 44, refused: 55, wrong: 66, broken: 77, unanswered: 88}
	if !sameCounts(sum, &want) || sum.latency.TotalCount() != 2 || fmt.Sprint(sum.faults) != "[99 bottles]" {
		t.Errorf("%+v", sum)
	}
}

func TestFaultsAreKeptOnceAndNotForEver(t *testing.T) {
	counts := newTally()
	for i := range 100 {
		counts.faultf("the same")
		counts.faultf("another: %d", i/10)
	}
	if len(counts.faults) != maxFaults || counts.faults[0] != "the same" || counts.faults[1] != "another: 0" || counts.faults[2] != "another: 1" {
		t.Errorf("%q", counts.faults)
	}
}
