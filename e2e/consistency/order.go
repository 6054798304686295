package consistency

import (
	"cmp"
	"slices"
)

// sortedByReturn returns the operations in the order of their replies.
func sortedByReturn(operations []Operation) []Operation {
	sorted := slices.Clone(operations)
	slices.SortFunc(sorted, func(a, b Operation) int { return cmp.Compare(a.Return, b.Return) })
	return sorted
}

// prefix is the history as it was when the first n operations had been answered.
// The others were under way: those of them that write may have taken effect.
func prefix(byReturn []Operation, n int) []Operation {
	seen := slices.Clone(byReturn[:n])
	for _, o := range byReturn[n:] {
		if n > 0 && o.Call <= byReturn[n-1].Return {
			o.Status = Unknown
			seen = append(seen, o)
		}
	}
	return seen
}
