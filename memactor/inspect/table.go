package inspect

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// newTable has no frame, and the columns named right are aligned to the right.
func newTable(header table.Row, right ...string) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder = false
	t.Style().Options.SeparateColumns = false
	t.AppendHeader(header)
	var columns []table.ColumnConfig
	for _, name := range right {
		columns = append(columns, table.ColumnConfig{Name: name, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

// StatusTable is the view for people.
func (v *View) StatusTable() string {
	var b strings.Builder
	b.WriteString(v.headline() + "\n")
	fmt.Fprintf(&b, "coordinator %s\n\n", v.coordinator())
	b.WriteString(v.nodesTable())
	if v.Gateways != nil {
		b.WriteString("\n" + v.gatewaysTable())
	}
	if len(v.Moves) > 0 {
		b.WriteString("\n" + v.movesTable())
	}
	b.WriteString("\n" + v.verdict())
	return b.String()
}

func (v *View) headline() string {
	return fmt.Sprintf("cluster %s, map version %d, %d shards (from %s)", v.Cluster, v.Map.Version, v.Map.Shards, v.Source)
}

func (v *View) coordinator() string {
	switch {
	case v.Coordinator == nil:
		return "- (only Consul knows)"
	case *v.Coordinator == "":
		return "none"
	}
	return *v.Coordinator
}

func (v *View) verdict() string {
	if v.Healthy {
		return "whole: every shard is served by its owner\n"
	}
	return lines(v.Problems)
}

// lines are what is wrong, one line each.
func lines(problems []string) string {
	var b strings.Builder
	for _, problem := range problems {
		b.WriteString("! " + problem + "\n")
	}
	return b.String()
}

// NodesTable is the nodes for people, and below it why some do not answer.
func (v *View) NodesTable() string {
	var silent []string
	for _, n := range v.Nodes {
		if n.Error != "" {
			silent = append(silent, n.trouble())
		}
	}
	if len(silent) == 0 {
		return v.nodesTable()
	}
	return v.nodesTable() + "\n" + lines(silent)
}

func (v *View) nodesTable() string {
	t := newTable(table.Row{"node", "zone", "state", "address", "shards", "keys", "memory", "limit", "map"},
		"shards", "keys", "memory", "limit", "map")
	for _, n := range v.Nodes {
		t.AppendRow(n.row())
	}
	return t.Render() + "\n"
}

func (n *Node) row() table.Row {
	if n.Error != "" {
		return table.Row{n.ID, dash(n.Zone), n.State + ", no answer", n.Address, n.Shards, "-", "-", "-", "-"}
	}
	return table.Row{
		n.ID, dash(n.Zone), n.State, n.Address, n.Shards, n.Keys, bytes(n.Memory), bytes(n.MemoryLimit), n.MapVersion,
	}
}

func (v *View) gatewaysTable() string {
	if len(v.Gateways) == 0 {
		return "no gateway is announced\n"
	}
	t := newTable(table.Row{"gateway", "state", "address"})
	for _, g := range v.Gateways {
		t.AppendRow(table.Row{g.ID, g.Status, g.Address})
	}
	return t.Render() + "\n"
}

func (v *View) movesTable() string {
	t := newTable(table.Row{"moving from", "to", "shards"}, "shards")
	for _, m := range v.Moves {
		to := m.To
		if to == "" {
			to = "(to be planned)"
		}
		t.AppendRow(table.Row{dash(m.From), to, m.Shards})
	}
	return t.Render() + "\n"
}

// ShardsTable is the map for people: neighbours with one owner are one row.
func (v *View) ShardsTable() string {
	t := newTable(table.Row{"shards", "count", "owner", "zone", "address", "served by"}, "shards", "count")
	for _, run := range runsOf(v.Shards()) {
		first, last := run[0], run[len(run)-1]
		name := strconv.Itoa(int(first.Shard))
		if len(run) > 1 {
			name += fmt.Sprintf("-%d", last.Shard)
		}
		t.AppendRow(table.Row{name, len(run), dash(first.Owner), dash(first.Zone), dash(first.Address), first.servedBy()})
	}
	return v.headline() + "\n\n" + t.Render() + "\n"
}

func (s *Shard) servedBy() string {
	switch {
	case s.Moving && s.From != "":
		return s.From + " still"
	case s.Owner != "" && !s.Answers:
		return "no answer"
	case s.Moving:
		return "nobody yet"
	case s.Owner == "":
		return "nobody"
	}
	return s.Owner
}

// runsOf are the runs of neighbours that differ in nothing that the table shows.
func runsOf(rows []Shard) [][]Shard {
	var all [][]Shard
	begin := 0
	for i := range rows {
		if i+1 == len(rows) || rows[i+1].Owner != rows[i].Owner || rows[i+1].servedBy() != rows[i].servedBy() {
			all = append(all, rows[begin:i+1])
			begin = i + 1
		}
	}
	return all
}

// Table is the route for people.
func (r *Route) Table() string {
	t := newTable(table.Row{"key", "shard", "epoch", "owner", "zone", "address"}, "shard", "epoch")
	t.AppendRow(table.Row{r.shown(), r.Shard, r.Epoch, dash(r.Owner), dash(r.Zone), dash(r.Address)})
	return fmt.Sprintf("cluster %s, map version %d (from %s)\n\n%s\n", r.Cluster, r.Version, r.Source, t.Render())
}

// shown is the key in a form that a terminal survives.
func (r *Route) shown() string {
	if r.Base64 {
		return r.Key + " (base64)"
	}
	return r.Key
}

// dash stands for what is not there.
func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// bytes is a size with three digits that mean something.
func bytes(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1024, 0
	for size >= 999.5 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	digits := 2
	switch {
	case size >= 99.95:
		digits = 0
	case size >= 9.995:
		digits = 1
	}
	return fmt.Sprintf("%.*f %ciB", digits, size, units[unit])
}
