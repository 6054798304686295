package differential

import (
	"math/bits"

	"pgregory.net/rapid"
)

// even draws each of the values as often as any other. rapid's own choices prefer the first ones, which are half of all that it
// draws from a list of fifty; what stands at the end of such a list is hardly ever tried.
func even[T any](values ...T) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T { return values[index(t, len(values))] })
}

// index draws a number below n. A few bits more than it needs make each of them as likely, but for a sixteenth.
func index(t *rapid.T, n int) (i int) {
	for range bits.Len(uint(n)) + 4 {
		i *= 2
		if rapid.Bool().Draw(t, "bit") {
			i++
		}
	}
	return i % n
}

// choice is a generator with its share.
type choice struct {
	share int
	from  *rapid.Generator[string]
}

// weighted draws from each of the choices as often as its share says.
func weighted(choices ...choice) *rapid.Generator[string] {
	var all []*rapid.Generator[string]
	for _, c := range choices {
		for range c.share {
			all = append(all, c.from)
		}
	}
	return oneOf(all)
}

// oneOf draws from each of the generators as often as from any other.
func oneOf[T any](all []*rapid.Generator[T]) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T { return all[index(t, len(all))].Draw(t, "chosen") })
}
