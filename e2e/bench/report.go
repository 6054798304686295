package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// report prints tables as they come, and keeps them as Markdown.
type report struct {
	out      io.Writer
	markdown strings.Builder
	reached  bool // every goal so far
}

func newReport(ctx context.Context, o options) *report {
	r := &report{out: os.Stdout, reached: true}
	r.linef("%s", machine(ctx, o.bin))
	if o.baseline != "" {
		r.linef("%s: %s.", beforeName, firstLine(ctx, filepath.Join(o.baseline, "gateway"), "--version"))
	}
	return r
}

// throughput runs the comparison of all kinds.
func (r *report) throughput(ctx context.Context, o options, kinds []kind) error {
	all, err := startAll(ctx, kinds)
	if err != nil {
		return err
	}
	defer stopAll(all)
	r.linef("Throughput: %d keys of %d bytes, sets:gets 1:10 (only gets where they have 100 keys; ms and mg where it says meta), medians of %d rounds of %v s.",
		keys, valueSize, o.rounds, o.seconds)
	for _, k := range kinds {
		r.linef("- %s: %s", k.name, k.about)
	}
	return compare(ctx, o, all, func(c comparison) { r.table(cellTable(c), c.verdicts()) })
}

// memory weighs all kinds, one after the other.
func (r *report) memory(ctx context.Context, kinds []kind) error {
	var all []footprint
	for _, k := range kinds {
		f, err := weigh(ctx, k)
		if err != nil {
			return err
		}
		all = append(all, f)
	}
	r.linef("Memory (RSS): %d items of %d bytes, %d idle connections, %d gets of different keys that do not exist.",
		items, valueSize, idleConnections, missingKeys)
	r.table(memoryTable(all), footprintVerdicts(all))
	return nil
}

// save writes the Markdown; no path, no file.
func (r *report) save(path string) error {
	if path == "" {
		return nil
	}
	return os.WriteFile(path, []byte(r.markdown.String()), 0o644)
}

// linef is a paragraph of its own, or an item of a list.
func (r *report) linef(format string, args ...any) {
	said := fmt.Sprintf(format, args...)
	fmt.Fprintln(r.out, said)
	if !strings.HasPrefix(said, "- ") {
		said += "\n"
	}
	r.markdown.WriteString(said + "\n")
}

// table prints a table and, below it, whether the goals are reached.
func (r *report) table(t table.Writer, verdicts []verdict) {
	fmt.Fprintln(r.out, t.Render())
	r.markdown.WriteString("\n" + t.RenderMarkdown() + "\n\n")
	for _, v := range verdicts {
		r.linef("- %v", v)
		r.reached = r.reached && !v.missed()
	}
	r.markdown.WriteString("\n")
}

// cellTable has a line for each system.
func cellTable(c comparison) table.Writer {
	t := table.NewWriter()
	unit := c.cell.unit()
	header := table.Row{c.cell.name, "k " + unit + "/s", "least .. greatest"}
	bases := c.bases()
	for _, base := range bases {
		header = append(header, "to "+base)
	}
	header = append(header, "p50", "p99", "CPU s / M "+unit, "client cores")
	t.AppendHeader(header)
	style(t, len(header))
	for _, name := range c.systems {
		s := c.of[name]
		low, high := s.span()
		row := table.Row{name, thousands(s.median(rateOf)), thousands(low) + " .. " + thousands(high)}
		for _, base := range bases {
			row = append(row, ratio(s.median(rateOf), c.of[base].median(rateOf)))
		}
		t.AppendRow(append(row, milliseconds(s.median(p50Of)), milliseconds(s.median(p99Of)),
			fmt.Sprintf("%.2f", s.median(serverCPUOf)), fmt.Sprintf("%.2f", s.median(clientCPUOf))))
	}
	return t
}

// bases are the systems that the others are held against: the cell's and the older build if they took part, else memactor.
func (c comparison) bases() (bases []string) {
	for _, name := range []string{c.cell.base(), beforeName} {
		if slices.Contains(c.systems, name) {
			bases = append(bases, name)
		}
	}
	if len(bases) == 0 {
		return []string{memactorName}
	}
	return bases
}

// memoryTable has a line for each system.
func memoryTable(all []footprint) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"", "bytes per item", "bytes per idle connection", "growth by misses"})
	style(t, 4)
	for _, f := range all {
		t.AppendRow(table.Row{f.system, fmt.Sprintf("%.0f", f.perItem), fmt.Sprintf("%.0f", f.perConnection),
			fmt.Sprintf("%+.2f %%", 100*f.growth)})
	}
	return t
}

// style aligns all columns but the first to the right, and leaves the headers as they are written.
func style(t table.Writer, columns int) {
	var configs []table.ColumnConfig
	for n := 2; n <= columns; n++ {
		configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
}

func thousands(rate float64) string {
	if rate < 100_000 {
		return fmt.Sprintf("%.1f", rate/1000)
	}
	return fmt.Sprintf("%.0f", rate/1000)
}

func milliseconds(us float64) string { return fmt.Sprintf("%.2f ms", us/1000) }

func ratio(value, base float64) string {
	if base == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", value/base)
}
