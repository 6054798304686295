package load

import (
	"sync"
	"testing"
)

func TestMixKeepsTheRatio(t *testing.T) {
	for _, ratio := range []Ratio{{1, 10}, {1, 1}, {0, 1}, {1, 0}, {3, 2}} {
		cfg := Default()
		cfg.Ratio = ratio
		m := newMix(&cfg, 4)
		cycle := ratio.Sets + ratio.Gets
		counts := map[op]int{}
		for range 100 * cycle {
			verb, _ := m.next(make([]uint32, 1))
			counts[verb]++
		}
		if counts[opSet] != 100*ratio.Sets || counts[opGet] != 100*ratio.Gets {
			t.Errorf("%v: %v", ratio, counts)
		}
	}
}

func TestConnectionsStartAtDifferentPlacesOfTheCycle(t *testing.T) {
	cfg := Default()
	sets := 0
	for connection := range 11 {
		if verb, _ := newMix(&cfg, connection).next(make([]uint32, 1)); verb == opSet {
			sets++
		}
	}
	if sets != 1 {
		t.Errorf("%d of 11 connections start with a set", sets)
	}
}

func TestMixDrawsEveryKeyAboutEquallyOften(t *testing.T) {
	cfg := Default()
	cfg.Keys = 10
	m := newMix(&cfg, 0)
	counts := make([]int, cfg.Keys)
	for range 100_000 {
		counts[m.key()]++
	}
	for key, n := range counts {
		if n < 9_500 || n > 10_500 {
			t.Errorf("key %d: %d of 100000", key, n)
		}
	}
}

func TestMixIsRepeatableAndDiffersBetweenConnections(t *testing.T) {
	cfg := Default()
	a, again, other := newMix(&cfg, 0), newMix(&cfg, 0), newMix(&cfg, 1)
	same := 0
	for range 1000 {
		key := a.key()
		if key != again.key() {
			t.Fatal("the same seed gave another key")
		}
		if key == other.key() {
			same++
		}
	}
	if same > 10 {
		t.Errorf("two connections drew the same key %d times", same)
	}
}

func TestAMultigetFillsItsSlotAndASetHasOneKey(t *testing.T) {
	cfg := Default()
	cfg.Ratio = Ratio{1, 1}
	m := newMix(&cfg, 0)
	slot := make([]uint32, 100)
	if verb, n := m.next(slot); verb != opSet || n != 1 {
		t.Errorf("%v of %d keys", verb, n)
	}
	if verb, n := m.next(slot); verb != opGet || n != 100 {
		t.Errorf("%v of %d keys", verb, n)
	}
}

func TestFillingGivesEveryKeyOnce(t *testing.T) {
	const keys = 10_000
	f := &filling{keys: keys}
	taken := make([][]uint32, 4)
	var takers sync.WaitGroup
	for i := range taken {
		takers.Go(func() {
			slot := make([]uint32, 1)
			for _, n := f.next(slot); n > 0; _, n = f.next(slot) {
				taken[i] = append(taken[i], slot[0])
			}
		})
	}
	takers.Wait()
	seen := make(map[uint32]int)
	for _, mine := range taken {
		for _, key := range mine {
			seen[key]++
		}
	}
	for key := range uint32(keys) {
		if seen[key] != 1 {
			t.Fatalf("key %d was taken %d times", key, seen[key])
		}
	}
	if len(seen) != keys {
		t.Fatalf("%d keys", len(seen))
	}
}
