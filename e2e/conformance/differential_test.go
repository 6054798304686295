package conformance

import (
	"flag"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/memactor/memactor/e2e/differential"
	"github.com/memactor/memactor/e2e/harness"
)

// commands makes the comparison go on: `make differential`.
var commands = flag.Int("commands", 0, "compare at least `N` commands, a third of each family, instead of 100 scripts of each")

// TestLikeMemcached plays random scripts on Debian's memcached and on a cluster, and wants equal replies. The first difference
// ends it, and is printed with its seed, which -rapid.seed repeats, and the shortest script that was found to show it.
func TestLikeMemcached(t *testing.T) {
	families := []*family{
		{name: "classic", compare: scripts(differential.Scripts())},
		{name: "meta", compare: scripts(differential.MetaScripts())},
		{name: "binary", compare: binaryScripts},
	}
	t.Cleanup(func() { t.Log(table(families)) })
	var failed atomic.Bool
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() { failed.CompareAndSwap(false, t.Failed()) })
			f.run(t, *commands/len(families), &failed)
		})
	}
}

// family is a kind of scripts, and what was compared of them.
type family struct {
	name string
	// compare draws one script, plays it on both, and returns how many commands it has, or the first difference.
	compare           func(t *rapid.T, reference, subject string) (int, error)
	scripts, commands int
	differences       int
}

// run compares at least so many commands, unless another family has failed, as many scripts at a time as rapid checks. Each time
// has a seed of its own.
func (f *family) run(t *testing.T, atLeast int, failed *atomic.Bool) {
	reference := differential.Reference(t)
	subject := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3, InTurn: true}).Address() // each unique stands for one change
	for first := true; first || f.commands < atLeast && !failed.Load(); first = false {
		rapid.Check(t, func(t *rapid.T) {
			n, err := f.compare(t, reference, subject)
			if err != nil {
				f.differences = 1 // what follows are rapid's shorter scripts
				t.Fatal(err)
			}
			if f.differences == 0 {
				f.scripts++
				f.commands += n
			}
		})
		t.Logf("%s: %d commands in %d scripts are answered alike", f.name, f.commands, f.scripts)
	}
}

func scripts(generator *rapid.Generator[differential.Script]) func(*rapid.T, string, string) (int, error) {
	return func(t *rapid.T, reference, subject string) (int, error) {
		script := generator.Draw(t, "script")
		return script.Commands(), differential.Compare(reference, subject, script)
	}
}

func binaryScripts(t *rapid.T, reference, subject string) (int, error) {
	script := differential.BinaryScripts().Draw(t, "script")
	return script.Frames(), differential.CompareBinary(reference, subject, script)
}

// table is what was compared, a row for each family.
func table(families []*family) string {
	var text strings.Builder
	fmt.Fprintf(&text, "compared with memcached:\n%-10s %10s %10s %12s\n", "family", "scripts", "commands", "differences")
	for _, f := range families {
		fmt.Fprintf(&text, "%-10s %10d %10d %12d\n", f.name, f.scripts, f.commands, f.differences)
	}
	return text.String()
}
