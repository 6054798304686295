package load

import (
	"math/bits"
	"sync/atomic"
)

// op is the verb of a command.
type op uint8

const (
	opGet op = iota
	opSet
)

// String is the verb as messages have it, whatever the protocol.
func (o op) String() string { return [...]string{"get", "set"}[o] }

// source decides what a connection sends next.
type source interface {
	// next writes the keys of the next command into slot, whose length is the longest multiget, and returns the verb and
	// how many keys it has; 0 keys: there is nothing more to send.
	next(slot []uint32) (op, int)
}

// mix is the measured load: sets and gets in turn as the ratio says, keys drawn uniformly.
type mix struct {
	ratio Ratio
	turn  int // position in the cycle of Sets+Gets commands
	keys  uint32
	state uint64 // of the random sequence
}

// newMix makes the source of one connection. Connections start at different places of the cycle, or all would set at
// the same moment.
func newMix(cfg *Config, connection int) *mix {
	return &mix{
		ratio: cfg.Ratio,
		turn:  connection % (cfg.Ratio.Sets + cfg.Ratio.Gets),
		keys:  uint32(cfg.Keys),
		state: cfg.Seed*0x9E3779B97F4A7C15 + uint64(connection),
	}
}

func (m *mix) next(slot []uint32) (op, int) {
	turn := m.turn
	m.turn++
	if m.turn == m.ratio.Sets+m.ratio.Gets {
		m.turn = 0
	}
	if turn < m.ratio.Sets {
		slot[0] = m.key()
		return opSet, 1
	}
	for i := range slot {
		slot[i] = m.key()
	}
	return opGet, len(slot)
}

// key draws one key: SplitMix64, scaled by multiplication.
func (m *mix) key() uint32 {
	m.state += 0x9E3779B97F4A7C15
	z := m.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	high, _ := bits.Mul64(z^z>>31, uint64(m.keys))
	return uint32(high)
}

// filling stores every key once. The connections share it: each takes the next key that nobody has taken.
type filling struct {
	keys  int64
	taken atomic.Int64
}

func (f *filling) next(slot []uint32) (op, int) {
	key := f.taken.Add(1) - 1
	if key >= f.keys {
		return opSet, 0
	}
	slot[0] = uint32(key)
	return opSet, 1
}
