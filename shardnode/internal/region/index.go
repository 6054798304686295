package region

// index finds references by the hash of their key: open addressing with linear
// probing, where an erased place is filled by moving back what follows. The hash is
// kept beside the reference, so that a search rarely touches an entry that is not
// the right one: each touch is a cache miss.
type index struct {
	cells []cell // the length is a power of two
	used  int
}

// cell is one place of the index; ref 0 is empty.
type cell struct{ hash, ref uint32 }

const minIndex = 8

func newIndex() index { return index{cells: make([]cell, minIndex)} }

// first is where the search for a hash begins, and next where it goes on.
func (x *index) first(hash uint32) int { return int(hash) & (len(x.cells) - 1) }

func (x *index) next(at int) int { return (at + 1) & (len(x.cells) - 1) }

// put adds a reference. A quarter of the places stays empty.
func (x *index) put(hash, ref uint32) {
	if 4*(x.used+1) > 3*len(x.cells) {
		x.resize(2 * len(x.cells))
	}
	x.used++
	x.place(cell{hash, ref})
}

func (x *index) place(c cell) {
	at := x.first(c.hash)
	for x.cells[at].ref != 0 {
		at = x.next(at)
	}
	x.cells[at] = c
}

func (x *index) resize(n int) {
	old := x.cells
	x.cells = make([]cell, n)
	for _, c := range old {
		if c.ref != 0 {
			x.place(c)
		}
	}
}

// remove takes a reference out that is there.
func (x *index) remove(hash, ref uint32) {
	hole := x.first(hash)
	for x.cells[hole].ref != ref {
		hole = x.next(hole)
	}
	for at := x.next(hole); x.cells[at].ref != 0; at = x.next(at) {
		if x.reaches(x.first(x.cells[at].hash), hole, at) {
			x.cells[hole] = x.cells[at]
			hole = at
		}
	}
	x.cells[hole] = cell{}
	x.used--
	if len(x.cells) > minIndex && 8*x.used < len(x.cells) {
		x.resize(len(x.cells) / 4)
	}
}

// reaches tells whether a search that begins at home comes by hole before at.
func (x *index) reaches(home, hole, at int) bool {
	mask := len(x.cells) - 1
	return (at-home)&mask >= (at-hole)&mask
}
