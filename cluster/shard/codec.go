package shard

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The stored form of a map is JSON, one row per shard:
//
//	{"format":1,"cluster":"memactor-1b2c","version":7,
//	 "nodes":[{"id":"n1","incarnation":93,"address":"10.0.0.1:7001","weight":1,"state":"live"}],
//	 "shards":[[912345,0],[912345,0],[912346]]}
//
// A row is the shard's epoch and then the index of its primary, if it has one;
// replicas are to follow behind it. So a human reads the map in Consul's UI
// with no tool of ours, a field that a later version adds is ignored by an
// earlier one, and the package needs nothing but the standard library. 4096
// shards on 200 nodes are 90 KB (TestEncodeSize), of the 512 KB that Consul
// takes; protobuf would be half of that. Maps that are larger than plainLimit
// (20,000 shards and more) are gzipped JSON.
const (
	format = 1
	// plainLimit is the size from which an encoded map is compressed.
	plainLimit = 256 << 10
	// MaxEncoded bounds what Decode looks at, in bytes, as it came and after
	// decompression: the largest map that Encode can make is below it.
	MaxEncoded = 8 << 20
)

type storedMap struct {
	Format  int          `json:"format"`
	Cluster string       `json:"cluster"`
	Version uint64       `json:"version"`
	Nodes   []storedNode `json:"nodes"`
	Shards  [][]uint64   `json:"shards"`
}

type storedNode struct {
	ID          string `json:"id"`
	Incarnation uint64 `json:"incarnation,omitempty"`
	Address     string `json:"address"`
	Zone        string `json:"zone,omitempty"`
	Weight      uint32 `json:"weight,omitempty"`
	State       string `json:"state"`
}

// Encode is the stored form of a map, as the registry and the copies on disk
// keep it.
func Encode(m *Map) []byte {
	stored := storedMap{Format: format, Cluster: m.clusterID, Version: m.version, Nodes: []storedNode{}}
	for _, n := range m.nodes {
		stored.Nodes = append(stored.Nodes, storedNode{n.ID, n.Incarnation, n.Address, n.Zone, n.Weight, n.State.String()})
	}
	stored.Shards = make([][]uint64, m.Len())
	for i, owner := range m.owners {
		stored.Shards[i] = []uint64{m.epochs[i]}
		if owner != noOwner {
			stored.Shards[i] = append(stored.Shards[i], uint64(owner))
		}
	}
	text, err := json.Marshal(stored)
	if err != nil {
		panic(err) // strings and numbers only
	}
	if len(text) > plainLimit {
		return deflate(text)
	}
	return text
}

func deflate(text []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(text)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return out.Bytes()
}

// Decode reads what Encode wrote. Anything else is ErrMap or ErrShards, at a
// cost bounded by MaxEncoded.
func Decode(data []byte) (*Map, error) {
	text, err := inflate(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMap, err)
	}
	var stored storedMap
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMap, err)
	}
	if stored.Format != format {
		return nil, fmt.Errorf("%w: %w %d, this program knows %d", ErrMap, ErrFormat, stored.Format, format)
	}
	return stored.decode()
}

// inflate is the JSON within data, compressed or not.
func inflate(data []byte) ([]byte, error) {
	if len(data) > MaxEncoded {
		return nil, fmt.Errorf("%d bytes, over %d", len(data), MaxEncoded)
	}
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxEncoded+1))
	if err == nil && len(text) > MaxEncoded {
		err = fmt.Errorf("over %d bytes when decompressed", MaxEncoded)
	}
	return text, err
}

func (s *storedMap) decode() (*Map, error) {
	t := Table{ClusterID: s.Cluster, Version: s.Version, Shards: make([]Entry, len(s.Shards))}
	for _, n := range s.Nodes {
		state, err := ParseNodeState(n.State)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMap, err)
		}
		t.Nodes = append(t.Nodes, Node{n.ID, n.Incarnation, n.Address, n.Zone, n.Weight, state})
	}
	for i, row := range s.Shards {
		entry, err := decodeRow(row)
		if err != nil {
			return nil, fmt.Errorf("%w: shard %d: %w", ErrMap, i, err)
		}
		t.Shards[i] = entry
	}
	return New(t)
}

// decodeRow reads one shard's row; numbers behind the primary are left to later
// versions.
func decodeRow(row []uint64) (Entry, error) {
	switch {
	case len(row) == 0:
		return Entry{}, errors.New("an empty row")
	case len(row) == 1:
		return Entry{Epoch: row[0], Owner: noOwner}, nil
	case row[1] >= MaxNodes:
		return Entry{}, fmt.Errorf("owner %d", row[1])
	}
	return Entry{Epoch: row[0], Owner: int(row[1])}, nil
}
