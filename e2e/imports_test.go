// Package e2e holds the tests that look at memactor from outside: at its
// processes (the folders beside this file) and, here, at its layout.
package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const ours = "github.com/memactor/memactor/"

// above lists, for each module, those that stand above it and that it must not
// know, not even through another package: protos <- cluster <- {gateway,
// shardnode} <- {memactor, e2e}.
var above = map[string][]string{
	"protos":    {"cluster", "gateway", "shardnode", "memactor", "e2e"},
	"cluster":   {"gateway", "shardnode", "memactor", "e2e"},
	"gateway":   {"shardnode", "memactor", "e2e"},
	"shardnode": {"gateway", "memactor", "e2e"},
	"memactor":  {"e2e"},
}

// pure lists the packages without I/O, clock or random, and all that they may
// import; "std" is the standard library but for what impure names. A package
// that takes a time.Time may import time, not look at the clock.
var pure = map[string][]string{
	"cluster/shard":             {"std", "time", "github.com/cespare/xxhash/v2", ours + "protos/shard/v1"},
	"gateway/internal/protocol": {"std", ours + "protos/wire", ours + "protos/shard/v1"},
	"gateway/internal/session":  {"std", ours + "gateway/internal/protocol", ours + "protos/wire", ours + "protos/shard/v1"},
	"shardnode/internal/entry":  {"std"},
}

var impure = []string{"net", "os", "time", "math/rand", "math/rand/v2", "crypto/rand", "syscall", "io/fs", "log", "log/slog"}

// A package as the Go tool lists it.
type listed struct {
	path    string
	imports []string
}

// list asks the Go tool about the packages of a module, tests left out; with
// deps also about all that they need.
func list(t *testing.T, module string, flags ...string) []listed {
	t.Helper()
	args := append([]string{"list", "-f", `{{.ImportPath}} {{join .Imports " "}}`}, flags...)
	cmd := exec.Command("go", append(args, "./"+module+"/...")...)
	cmd.Dir = ".."
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list of %s: %v", module, err)
	}
	var packages []listed
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		packages = append(packages, listed{path: words[0], imports: words[1:]})
	}
	return packages
}

func TestImportsRunOneWay(t *testing.T) {
	for module, forbidden := range above {
		for _, p := range list(t, module, "-deps") {
			path, ok := strings.CutPrefix(p.path, ours)
			if !ok {
				continue
			}
			if top, _, _ := strings.Cut(path, "/"); slices.Contains(forbidden, top) {
				t.Errorf("%s depends on %s, which is above or beside it", module, p.path)
			}
		}
	}
}

func TestDaemonKnowsNothingOfTheDomain(t *testing.T) {
	for _, p := range list(t, "cluster/daemon", "-deps") {
		if strings.HasPrefix(p.path, ours) && p.path != ours+"cluster/daemon" {
			t.Errorf("daemon depends on %s", p.path)
		}
	}
}

func TestPureCores(t *testing.T) {
	for path, allowed := range pure {
		for _, p := range list(t, path) {
			for _, imported := range p.imports {
				if !permitted(imported, allowed) {
					t.Errorf("%s imports %s", p.path, imported)
				}
			}
		}
	}
}

// clock finds the functions of package time that look at the clock or wait.
var clock = regexp.MustCompile(`\btime\.(Now|Since|Until|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker)\b`)

func TestPureCoresHaveNoClock(t *testing.T) {
	for path := range pure {
		files, err := filepath.Glob(filepath.Join("..", path, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", path, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if found := clock.Find(text); found != nil && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s uses %s", file, found)
			}
		}
	}
}

func permitted(imported string, allowed []string) bool {
	if slices.Contains(allowed, imported) {
		return true
	}
	return isStandard(imported) && slices.Contains(allowed, "std") && !slices.Contains(impure, imported)
}

// isStandard goes by the dot that every other module has in its first element.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func TestPermitted(t *testing.T) {
	for imported, want := range map[string]bool{
		"strconv": true, "encoding/binary": true, "time": true, "os": false, "net": false, "net/netip": true,
		"github.com/a/b": false, "github.com/cespare/xxhash/v2": true,
	} {
		if got := permitted(imported, pure["cluster/shard"]); got != want {
			t.Errorf("permitted(%s) = %v", imported, got)
		}
	}
}
