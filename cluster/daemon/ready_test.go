package daemon

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

func TestReadiness(t *testing.T) {
	var r Readiness
	mustNotBeReady(t, &r, "starting")

	noMap, noRoute := errors.New("no shard map"), error(nil)
	r.Add("map", func() error { return noMap })
	mustNotBeReady(t, &r, "map: no shard map")
	r.Add("route", func() error { return noRoute })
	mustNotBeReady(t, &r, "map: no shard map")

	noMap = nil
	if err := r.Err(); err != nil {
		t.Errorf("all parts are ready: %v", err)
	}
	noRoute = errors.New("shard 7 has no owner")
	mustNotBeReady(t, &r, "route: shard 7 has no owner")
	noRoute = nil
	r.End()
	mustNotBeReady(t, &r, "stopping")
}

func mustNotBeReady(t *testing.T, r *Readiness, reason string) {
	t.Helper()
	err := r.Err()
	if !errors.Is(err, ErrNotReady) || !strings.Contains(err.Error(), reason) {
		t.Errorf("readiness %v; want ErrNotReady with %q", err, reason)
	}
}

func TestReadinessNamesAllParts(t *testing.T) {
	var r Readiness
	r.Add("a", func() error { return errors.New("x") })
	r.Add("b", func() error { return errors.New("y") })
	mustNotBeReady(t, &r, "a: x")
	mustNotBeReady(t, &r, "b: y")
}

// A check may take locks, and may even ask for the readiness itself.
func TestReadinessChecksRunWithoutTheLock(t *testing.T) {
	var r Readiness
	r.Add("self", func() error { r.Add("late", func() error { return nil }); return nil })
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestReadinessConcurrently(t *testing.T) {
	var r Readiness
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { r.Add("part", func() error { return nil }) })
		wg.Go(func() { _ = r.Err() })
	}
	wg.Wait()
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}
