package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/cluster/registry"
	"github.com/memactor/memactor/cluster/shard"
)

type drainConfig struct {
	registry.ConsulSettings

	Timeout time.Duration `name:"timeout" usage:"how long to wait until the node has left"`
	NoWait  bool          `name:"no-wait" usage:"do not wait: order it, and return"`
}

// Validate implements daemon.Config.
func (c drainConfig) Validate() error {
	if err := c.CheckConsul(); err != nil {
		return err
	}
	if !c.UsesConsul() {
		return errors.New("no cluster is named: allowed: --consul HOST:PORT (with --cluster NAME); a static list of nodes cannot be drained")
	}
	if c.Timeout <= 0 {
		return fmt.Errorf("timeout %q: allowed: more than 0s", c.Timeout)
	}
	return nil
}

// errNotDrained is a node that is still there when the time is over.
var errNotDrained = errors.New("not drained in time")

func newDrain() *cobra.Command {
	cfg := drainConfig{Timeout: time.Minute}
	var cmd *cobra.Command
	cmd = daemon.Command(daemon.Spec{
		Name:  "drain",
		Short: "Take a shard node out: its shards go elsewhere, then it leaves",
		Long: `drain marks a node as draining. The coordinator gives its shards to the other nodes; when it has
none any more, the node's process ends, with exit code 0, as on SIGTERM. Started again, it is a
node like any other: have a supervisor that restarts only what has failed.

The last live node is not drained: its shards would have no owner. Waiting ends with --timeout or
an interrupt; the node goes on draining.`,
		Example: `  memactor drain --consul 127.0.0.1:8500 --cluster shop n3
  memactor drain --consul 127.0.0.1:8500 --no-wait n3`,
		Config: &cfg,
		Args:   oneArg("NODE"),
		Run: func(ctx context.Context, p daemon.Process) error {
			reg, source, err := openConsul(cfg.ConsulSettings)
			if err != nil {
				return err
			}
			defer func() { _ = reg.Close() }()
			roster, err := source.Roster(ctx)
			if err != nil {
				return err
			}
			d := drainage{reg: reg, out: cmd.OutOrStdout(), terminal: cmd.ErrOrStderr(), config: cfg}
			return d.drain(ctx, roster.Members, p.Args[0])
		},
	})
	cmd.Use = "drain NODE"
	return cmd
}

// drainage is one node on its way out.
type drainage struct {
	reg           registry.Registry
	out, terminal io.Writer
	config        drainConfig
}

// drain drains the member with an id, and waits until it has left.
func (d *drainage) drain(ctx context.Context, members []shard.Node, id string) error {
	i := slices.IndexFunc(members, func(n shard.Node) bool { return n.ID == id })
	if i < 0 {
		return unknownNode(members, id)
	}
	if err := d.reg.Drain(ctx, id); err != nil {
		return err
	}
	if d.config.NoWait {
		_, err := fmt.Fprintf(d.out, "%s is draining\n", id)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel()
	if err := d.await(ctx, members[i]); err != nil {
		return err
	}
	_, err := fmt.Fprintf(d.out, "%s has given its shards away and left\n", id)
	return err
}

// unknownNode names the nodes that there are.
func unknownNode(members []shard.Node, id string) error {
	var ids []string
	for _, n := range members {
		ids = append(ids, n.ID)
	}
	return fmt.Errorf("%w: node %q%s; allowed: %s", registry.ErrUnknownNode, id, daemon.DidYouMean(id, ids), strings.Join(ids, ", "))
}

// await waits until this run of the node owns nothing and is no member any more. A
// later run, which a supervisor may have started at once, is none of ours.
func (d *drainage) await(ctx context.Context, node shard.Node) error {
	maps, members := d.reg.WatchMap(ctx), d.reg.WatchMembers(ctx)
	tell := counter(d.terminal)
	defer tell("")
	left, member := -1, true
	for left != 0 || member {
		var ok bool
		select {
		case m, open := <-maps:
			if ok = open; ok {
				left = ownedBy(m, node)
				tell(fmt.Sprintf("%s: %d of %d shards left", node.ID, left, m.Len()))
			}
		case list, open := <-members:
			if ok = open; ok {
				member = slices.ContainsFunc(list, func(n shard.Node) bool { return sameRun(n, node) })
			}
		}
		if !ok {
			return fmt.Errorf("%w: %s has %d shards left; it goes on draining", errNotDrained, node.ID, max(left, 0))
		}
	}
	return nil
}

// ownedBy is how many shards a run of a node owns.
func ownedBy(m *shard.Map, node shard.Node) int {
	i := m.Find(node.ID)
	if i < 0 || !sameRun(m.NodeAt(i), node) {
		return 0
	}
	owned, _ := m.Counts()
	return owned[i]
}

func sameRun(a, b shard.Node) bool { return a.ID == b.ID && a.Incarnation == b.Incarnation }

// counter writes one line of a terminal over and over; "" removes it. Elsewhere
// nobody is watching.
func counter(out io.Writer) func(line string) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func(string) {}
	}
	return func(line string) { fmt.Fprint(file, "\r\x1b[K", line) }
}
