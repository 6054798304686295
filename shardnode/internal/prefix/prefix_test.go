package prefix

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

func TestCounts(t *testing.T) {
	var table Table
	table.Start(Delimiter)
	table.Set([]byte("p:a"))
	table.Get([]byte("p:a"), true)
	table.Get([]byte("p:b"), false)
	table.Delete([]byte("p:b"))
	table.Get([]byte(":none"), false)
	table.Set([]byte("q:r:s"))
	table.Set([]byte("without"))
	table.Set([]byte("with\xff\x00:"))
	want := []Counts{{Prefix: "", Gets: 1}, {Prefix: "p", Gets: 2, Hits: 1, Sets: 1, Deletes: 1}, {Prefix: "q", Sets: 1}, {Prefix: "with\xff\x00", Sets: 1}}
	if got := table.Dump(); !slices.Equal(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
	table.Reset()
	if got := table.Dump(); len(got) != 0 {
		t.Fatalf("after a reset %+v", got)
	}
}

func TestSwitch(t *testing.T) {
	var table Table
	if table.On() {
		t.Fatal("it is on from the beginning")
	}
	table.Start(0)
	if !table.On() {
		t.Fatal("it is not on")
	}
	table.Set([]byte("a:b\x00c"))
	table.Stop()
	if table.On() {
		t.Fatal("it is still on")
	}
	if got := table.Dump(); len(got) != 1 || got[0].Prefix != "a:b" {
		t.Fatalf("%+v", got)
	}
}

func TestPrefixesAreBounded(t *testing.T) {
	var table Table
	table.Start(Delimiter)
	for i := range maxPrefixes + 100 {
		table.Set(fmt.Appendf(nil, "p%d:", i))
	}
	table.Set([]byte("p0:again"))
	all := table.Dump()
	if len(all) != maxPrefixes || all[0] != (Counts{Prefix: "p0", Sets: 2}) {
		t.Fatalf("%d prefixes, the first is %+v", len(all), all[0])
	}
}

func TestManyCount(t *testing.T) {
	var table Table
	table.Start(Delimiter)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				table.Get(fmt.Appendf(nil, "p%d:k", i%10), i%2 == 0)
			}
		})
	}
	wg.Wait()
	for _, c := range table.Dump() {
		if c.Gets != 400 {
			t.Fatalf("%+v", c)
		}
	}
}

func TestKnownPrefixIsCountedWithoutAllocating(t *testing.T) {
	var table Table
	table.Start(Delimiter)
	key := []byte("prefix:key")
	table.Set(key)
	if n := testing.AllocsPerRun(100, func() { table.Get(key, true) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
