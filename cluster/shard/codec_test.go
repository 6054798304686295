package shard

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The stored form is something that people read and other tools may parse: it
// does not change by accident.
func TestEncodeForm(t *testing.T) {
	m := Plan(empty(t, 4), []Node{
		{ID: "a", Incarnation: 3, Address: "10.0.0.1:7001", Zone: "z1", Weight: 2},
		{ID: "b", Address: "10.0.0.2:7001", State: Draining},
	}, 9)
	want := `{"format":1,"cluster":"c","version":1,"nodes":[` +
		`{"id":"a","incarnation":3,"address":"10.0.0.1:7001","zone":"z1","weight":2,"state":"live"},` +
		`{"id":"b","address":"10.0.0.2:7001","state":"draining"}],` +
		`"shards":[[9,0],[9,0],[9,0],[9,0]]}`
	if got := string(Encode(m)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := string(Encode(empty(t, 2))), `{"format":1,"cluster":"c","version":0,"nodes":[],"shards":[[0],[0]]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMap(t)
		again, err := Decode(Encode(m))
		if err != nil || !again.Equal(m) {
			t.Fatalf("%v: %v", err, again)
		}
	})
}

// The goal is 380 KB for 4096 shards on 200 nodes, of the 512 KB that Consul
// takes. Owners and epochs are those of an old cluster: all different.
func TestEncodeSize(t *testing.T) {
	m, _ := large(t)
	size := len(Encode(scattered(m)))
	t.Logf("4096 shards on 200 nodes: %d bytes", size)
	if size > 128<<10 {
		t.Errorf("%d bytes", size)
	}
	most := bigMap(t)
	size = len(Encode(most))
	t.Logf("%d shards on 200 nodes: %d bytes", MaxShards, size)
	if size > 512_000 {
		t.Errorf("%d bytes: more than Consul takes", size)
	}
	if again, err := Decode(Encode(most)); err != nil || !again.Equal(most) {
		t.Error(err)
	}
}

// scattered gives each shard an owner and an epoch of its own.
func scattered(m *Map) *Map {
	random := rand.New(rand.NewPCG(1, 1))
	table := m.Table()
	for i := range table.Shards {
		table.Shards[i] = Entry{Epoch: 900_000 + uint64(random.IntN(500_000)), Owner: random.IntN(len(table.Nodes))}
	}
	next, err := New(table)
	if err != nil {
		panic(err)
	}
	return next
}

func bigMap(t testing.TB) *Map {
	_, members := large(t)
	return scattered(Plan(empty(t, MaxShards), members, 900_000))
}

func TestDecodeRefuses(t *testing.T) {
	node := `{"id":"a","address":"x:1","state":"live"}`
	tests := map[string]struct {
		text string
		want error
	}{
		"nothing":             {"", ErrMap},
		"no JSON":             {"map", ErrMap},
		"half of it":          {`{"format":1,"shards":[[0]`, ErrMap},
		"no format":           {`{"shards":[[0]]}`, ErrMap},
		"a later format":      {`{"format":2,"shards":[[0]]}`, ErrFormat},
		"no shards":           {`{"format":1}`, ErrShards},
		"three shards":        {`{"format":1,"shards":[[0],[0],[0]]}`, ErrShards},
		"an empty row":        {`{"format":1,"shards":[[]]}`, ErrMap},
		"an unknown owner":    {`{"format":1,"nodes":[` + node + `],"shards":[[1,1]]}`, ErrMap},
		"a huge owner":        {`{"format":1,"nodes":[` + node + `],"shards":[[1,18446744073709551615]]}`, ErrMap},
		"a negative epoch":    {`{"format":1,"shards":[[-1]]}`, ErrMap},
		"a broken epoch":      {`{"format":1,"shards":[[1.5]]}`, ErrMap},
		"a huge epoch":        {`{"format":1,"shards":[[16777216]]}`, ErrMap},
		"an unknown state":    {`{"format":1,"nodes":[{"id":"a","state":"dead"}],"shards":[[1,0]]}`, ErrNode},
		"two of one id":       {`{"format":1,"nodes":[` + node + `,` + node + `],"shards":[[1,0]]}`, ErrMap},
		"half a gzip":         {"\x1f\x8b\x08", ErrMap},
		"over the limit":      {strings.Repeat(" ", MaxEncoded+1), ErrMap},
		"a decompressed bomb": {bomb(), ErrMap},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if m, err := Decode([]byte(test.text)); !errors.Is(err, test.want) {
				t.Errorf("%v, %v, want %v", m, err, test.want)
			}
		})
	}
}

// bomb is small and would be far over MaxEncoded.
func bomb() string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	spaces := bytes.Repeat([]byte{' '}, 1<<20)
	for range 64 {
		_, _ = w.Write(spaces)
	}
	_ = w.Close()
	return out.String()
}

// What a later version adds is no reason to refuse a map: other fields, and the
// replicas behind the primary.
func TestDecodeLaterVersion(t *testing.T) {
	m, err := Decode([]byte(`{"format":1,"cluster":"c","version":3,"ack":"sync",
		"nodes":[{"id":"a","address":"x:1","state":"live","rack":7}],"shards":[[5,0,1,2],[6]]}`))
	if err != nil {
		t.Fatal(err)
	}
	if owner, ok := m.Owner(0); !ok || owner.ID != "a" || m.Epoch(1) != 6 || m.OwnerIndex(1) != -1 {
		t.Error(m)
	}
}

// Whatever Decode takes can be used and encodes to the same map again.
func FuzzDecode(f *testing.F) {
	f.Add(Encode(empty(f, 2)))
	f.Add(Encode(Plan(empty(f, 8), nodes("a", "b"), 9)))
	f.Add([]byte(`{"format":1,"nodes":[{"id":"a","state":"live"}],"shards":[[1,0]]}`))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Add([]byte(bomb()))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		for id := range ID(m.Len()) {
			m.Owner(id)
		}
		again, err := Decode(Encode(m))
		if err != nil || !again.Equal(m) {
			t.Errorf("%v: %v, then %v", err, m, again)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	m, _ := large(b)
	for name, m := range map[string]*Map{"4096": scattered(m), fmt.Sprint(MaxShards): bigMap(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Encode(m)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	m, _ := large(b)
	for name, m := range map[string]*Map{"4096": scattered(m), fmt.Sprint(MaxShards): bigMap(b)} {
		data := Encode(m)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
