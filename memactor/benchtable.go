package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/memactor/memactor/memactor/load"
)

// resultTable is a result for people: one line per figure, and the errors in words below.
func resultTable(r *load.Result) string {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Options.SeparateColumns = false
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}})
	t.AppendRows([]table.Row{
		{"throughput", perSecond(r.OpsPerSecond) + " ops/s"},
		{"", perSecond(r.KeysPerSecond) + " keys/s"},
		{"sets", r.Sets},
		{"gets", r.Gets},
		{"hits", fmt.Sprintf("%d (%s)", r.Hits, percent(r.Hits, r.Hits+r.Misses))},
		{"misses", r.Misses},
	})
	t.AppendSeparator()
	t.AppendRows([]table.Row{
		{"p50", microseconds(r.Latency.P50)},
		{"p99", microseconds(r.Latency.P99)},
		{"p99.9", microseconds(r.Latency.P999)},
		{"max", microseconds(r.Latency.Max)},
	})
	t.AppendSeparator()
	t.AppendRows(errorRows(r.Errors))
	return headline(r) + "\n\n" + t.Render() + "\n" + faultLines(r.Faults)
}

func headline(r *load.Result) string {
	return fmt.Sprintf("%s  %d connections x %d in flight, %s, %d keys with values of %d bytes, %.1f s",
		r.Server, r.Connections, r.Pipeline, verbs(r), r.Keys, r.Size, r.Seconds)
}

func verbs(r *load.Result) string {
	said := "sets:gets " + r.Ratio
	if r.Protocol == load.Meta.String() {
		said = "ms:mg " + r.Ratio
	}
	if r.Multiget > 1 {
		said += fmt.Sprintf(", %d keys a get", r.Multiget)
	}
	return said
}

// errorRows is one line where there is nothing to say.
func errorRows(e load.Errors) []table.Row {
	rows := []table.Row{{"errors", e.Sum()}}
	for _, kind := range []struct {
		name  string
		count uint64
	}{
		{"  refused", e.Refused},
		{"  wrong", e.Wrong},
		{"  broken connections", e.Broken},
		{"  unanswered", e.Unanswered},
	} {
		if kind.count > 0 {
			rows = append(rows, table.Row{kind.name, kind.count})
		}
	}
	return rows
}

func faultLines(faults []string) string {
	var lines strings.Builder
	for _, fault := range faults {
		lines.WriteString("  ! " + fault + "\n")
	}
	return lines.String()
}

// perSecond has three digits that mean something, whatever the order of magnitude.
func perSecond(rate float64) string {
	switch {
	case rate >= 1e6:
		return fmt.Sprintf("%.2f M", rate/1e6)
	case rate >= 1e3:
		return fmt.Sprintf("%.1f k", rate/1e3)
	default:
		return fmt.Sprintf("%.1f", rate)
	}
}

// microseconds picks the unit that is read most easily.
func microseconds(us float64) string {
	switch {
	case us >= 1e6:
		return fmt.Sprintf("%.2f s", us/1e6)
	case us >= 1e3:
		return fmt.Sprintf("%.2f ms", us/1e3)
	default:
		return fmt.Sprintf("%.1f µs", us)
	}
}

func percent(part, whole uint64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}
