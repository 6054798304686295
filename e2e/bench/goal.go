package main

import "fmt"

// Goals of the memory figures. Those of throughput are with the cells.
const (
	goalItem       = 0.9     // of memcached's bytes per item
	goalConnection = 4 << 10 // bytes
	goalGrowth     = 0.01    // of all memory
)

// verdict is a figure held against its goal.
type verdict struct {
	reached bool
	text    string
}

func atLeast(what string, value, goal float64) verdict {
	return newVerdict(value >= goal, "%s >= %.2g", what, goal)
}

func atMost(what string, value, goal float64) verdict {
	return newVerdict(value <= goal, "%s <= %.4g", what, goal)
}

func newVerdict(reached bool, format string, args ...any) verdict {
	text := fmt.Sprintf(format, args...)
	if reached {
		return verdict{true, text + " reached"}
	}
	return verdict{false, text + " NOT reached"}
}

// verdicts of a cell: none unless both memactor and twemproxy ran.
func (c comparison) verdicts() []verdict {
	ours, theirs := c.of[memactorName], c.of[twemproxyName]
	if len(ours) == 0 || len(theirs) == 0 {
		return nil
	}
	all := []verdict{atLeast("ratio", ours.median(rateOf)/theirs.median(rateOf), c.cell.goal)}
	if c.cell.tail {
		all = append(all, newVerdict(ours.median(p99Of) <= theirs.median(p99Of), "p99 <= twemproxy's"))
	}
	return all
}

// footprintVerdicts hold memactor's footprint against the goals, and where it is relative against memcached's.
func footprintVerdicts(all []footprint) []verdict {
	var ours, theirs *footprint
	for i := range all {
		switch all[i].system {
		case memactorName:
			ours = &all[i]
		case memcachedName:
			theirs = &all[i]
		}
	}
	if ours == nil {
		return nil
	}
	verdicts := []verdict{
		atMost("bytes per idle connection", ours.perConnection, goalConnection),
		atMost("growth by misses", ours.growth, goalGrowth),
	}
	if theirs != nil {
		verdicts = append(verdicts, atMost("bytes per item, of memcached's", ours.perItem/theirs.perItem, goalItem))
	}
	return verdicts
}
