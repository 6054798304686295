package main

import "fmt"

// What the memory figures should be. For throughput that is with the cells. A goal has to be reached; an aim is where
// things should go.
const (
	goalGrowth    = 0.01    // of all memory
	aimItem       = 0.9     // of memcached's bytes per item
	aimConnection = 4 << 10 // bytes
)

// verdict is a figure held against a goal or an aim.
type verdict struct {
	kind    string // goalKind or aimKind
	reached bool
	text    string
}

const (
	goalKind = "goal"
	aimKind  = "aim"
)

// String is a line of the report.
func (v verdict) String() string {
	if v.reached {
		return v.kind + ": " + v.text + " reached"
	}
	return v.kind + ": " + v.text + " NOT reached"
}

// missed tells of a goal that is not reached; an aim may be missed.
func (v verdict) missed() bool { return v.kind == goalKind && !v.reached }

func atLeast(kind, what string, value, least float64) verdict {
	return verdict{kind, value >= least, fmt.Sprintf("%s >= %.2g", what, least)}
}

func atMost(kind, what string, value, most float64) verdict {
	return verdict{kind, value <= most, fmt.Sprintf("%s <= %.4g", what, most)}
}

// verdicts of a cell: none unless both memactor and twemproxy ran.
func (c comparison) verdicts() []verdict {
	ours, theirs := c.of[memactorName], c.of[twemproxyName]
	if len(ours) == 0 || len(theirs) == 0 {
		return nil
	}
	ratio := ours.median(rateOf) / theirs.median(rateOf)
	all := []verdict{
		atLeast(goalKind, "ratio", ratio, c.cell.goal),
		atLeast(aimKind, "ratio", ratio, c.cell.aim),
	}
	if c.cell.tail {
		all = append(all, verdict{goalKind, ours.median(p99Of) <= theirs.median(p99Of), "p99 <= twemproxy's"})
	}
	return all
}

// footprintVerdicts hold memactor's footprint against what it should be, partly beside memcached's.
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
		atMost(goalKind, "growth by misses", ours.growth, goalGrowth),
		atMost(aimKind, "bytes per idle connection", ours.perConnection, aimConnection),
	}
	if theirs != nil {
		verdicts = append(verdicts, atMost(aimKind, "bytes per item, of memcached's", ours.perItem/theirs.perItem, aimItem))
	}
	return verdicts
}
